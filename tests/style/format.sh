#!/bin/sh
# Every C file of the host and the tests is as .clang-format says; connectors, being tables and JSON, are not its
# business.
cd "${top_srcdir:-.}" || exit 1
if ! command -v clang-format >/dev/null; then
	echo "1..0 # SKIP clang-format is not installed"
	exit 0
fi
echo 1..1
wrong=$(find host tests sdk/kit -name '*.[ch]' ! -path 'tests/real/*' | sort | while read -r f; do
	clang-format --dry-run -Werror "$f" >/dev/null 2>&1 || echo "$f"
done)
if [ -z "$wrong" ]; then
	echo "ok 1 - formatted as .clang-format says"
else
	echo "not ok 1 - formatted as .clang-format says"
	printf '# clang-format -i %s\n' $wrong
fi
