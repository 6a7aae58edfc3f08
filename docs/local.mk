# docs: the manual page (when there) is the command line's; the map is the next person's
EXTRA_DIST += docs/map.md
