#!/bin/sh
# No two rooms define the same global name: a program that links both would silently get one of them.
cd "${top_builddir:-.}" || exit 1
echo 1..1
twice=$("${NM:-nm}" -A -g --defined-only host/lib*.a 2>/dev/null | awk 'NF == 3 {
	split($1, file, ":")
	if (!(($3, file[1]) in seen)) {
		seen[$3, file[1]] = 1
		if ($3 in where) print $3 ": " where[$3] " and " file[1]
		where[$3] = file[1]
	}
}')
if [ -z "$twice" ]; then
	echo "ok 1 - every global name is one room's"
else
	echo "not ok 1 - every global name is one room's"
	printf '%s\n' "$twice" | sed 's/^/# /'
fi
