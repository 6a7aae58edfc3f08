# docs: the command line's manual page; the map is for the next person
dist_man_MANS += docs/abhost.1
EXTRA_DIST += docs/map.md
EXTRA_DIST += docs/readers.md docs/schema.md
