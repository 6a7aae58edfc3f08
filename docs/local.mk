# docs: the command line's manual page; the map is for the next person, the differences are tested by
# tests/real/cdk.py
dist_man_MANS += docs/abhost.1
# what the manual page and the SDK's headers refer to
dist_doc_DATA = docs/abi-policy.md docs/airbyte.md docs/connector-tests.md docs/http.md docs/modes.md docs/readers.md docs/schema.md \
	docs/speed.md docs/verify.md
EXTRA_DIST += docs/map.md docs/differences.md
