# docs: the manual pages; the map is for the next person, the differences are tested by tests/real/cdk.py
dist_man_MANS += docs/abhost.1 docs/abhost-sdk.3 docs/abhost-connector.7 docs/abhost-rest.7
# those of the SDK are made of the headers; `python3 docs/man/fill.py` makes them anew
EXTRA_DIST += docs/man/fill.py docs/man/abhost-sdk.3.in docs/man/abhost-connector.7.in docs/man/abhost-rest.7.in
# what the manual page and the SDK's headers refer to
dist_doc_DATA = docs/abi-policy.md docs/airbyte.md docs/connector-tests.md docs/http.md docs/modes.md docs/readers.md docs/schema.md \
	docs/growth.svg docs/speed.md docs/tutorial.md docs/verify.md
EXTRA_DIST += docs/map.md docs/differences.md
