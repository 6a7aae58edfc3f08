# docs: the command line's manual page; the map is for the next person, the differences are tested by
# tests/real/cdk.py
dist_man_MANS += docs/abhost.1
EXTRA_DIST += docs/airbyte.md docs/map.md docs/modes.md docs/differences.md
EXTRA_DIST += docs/http.md docs/readers.md docs/schema.md docs/verify.md
