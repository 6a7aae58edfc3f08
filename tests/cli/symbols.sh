#!/bin/sh
# No two rooms define the same name (abhost-inprocess links them all, and a linker takes the first it meets), and
# the engine does not link libcurl.
cd "${top_builddir:-.}" || exit 1
echo 1..2
twice=$(${NM:-nm} --defined-only host/lib*.a 2>/dev/null | awk 'NF == 3 && $2 ~ /^[TDBRV]$/ { print $3 }' |
	sort | uniq -d)
if [ -z "$twice" ]; then
	echo "ok 1 - every name is defined once"
else
	echo "not ok 1 - every name is defined once"
	printf '# %s\n' $twice
fi
if readelf -d abhost | grep -q 'NEEDED.*libcurl'; then
	echo "not ok 2 - abhost does not link libcurl"
else
	echo "ok 2 - abhost does not link libcurl"
fi
