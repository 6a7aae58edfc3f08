#!/bin/sh
# The documents tell the truth: files that they name are there, functions are defined, commands exist.
cd "${top_srcdir:-.}" || exit 1
documents="README.md docs/abi-policy.md docs/connector-tests.md docs/map.md docs/http.md docs/airbyte.md
	docs/tutorial.md examples/README.md"
echo 1..5

verdict() { # NUMBER NAME PROBLEMS
	if [ -z "$3" ]; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		printf '%s\n' "$3" | sed 's/^/# /'
	fi
}

# `host/cli/` and `tests/kit.c`, but not `NAME.c`, `my.so` or `PREFIX/...`
missing_files() {
	grep -oE '`(\.ci|host|sdk|examples|tests|docs|plugins)/[A-Za-z0-9_./-]*`' $documents | tr -d '`' |
		grep -vE 'NAME|ROOM' | while IFS=: read -r document file; do
		[ -e "$file" ] || case $file in *.so) [ -e "${file%.so}.c" ] ;; *) false ;; esac ||
			echo "$document: there is no $file"
	done
}

unknown_functions() {
	grep -ohE '`[a-z_0-9]+\(\)`' docs/map.md | tr -d '`()' | sort -u | while read -r name; do
		grep -rq "^$name(" host sdk/kit --include="*.c" || echo "$name"
	done
}

unknown_commands() {
	grep -ohE '(^|[`$ ])abhost [a-z]+' $documents | sed 's/.*abhost //' | sort -u | while read -r name; do
		grep -rq "{\.name = \"$name\"" host/cli || case $name in
		is | and | alone | here | has | with | needs | takes | that) ;; # prose
		*) echo "$name" ;;
		esac
	done
}

verdict 1 "files that the documents name are there" "$(missing_files)"
verdict 2 "functions that the map names are defined" "$(unknown_functions)"
verdict 3 "commands that the documents show exist" "$(unknown_commands)"
verdict 4 "my-api.c has at most 35 lines, my-api-low.c at most 90" \
	"$(wc -l examples/my-api.c examples/my-api-low.c |
		awk '/my-api\.c/ && $1 > 35 || /my-api-low\.c/ && $1 > 90 {print $2 ": " $1}')"
verdict 5 "a recipe of the cookbook has at most 60 lines, its four streams included" \
	"$(wc -l examples/cookbook/*.c | awk '$2 != "total" && $1 > 60 {print $2 ": " $1}')$(
		for recipe in examples/cookbook/*.c; do
			grep -q "${recipe##*/}" docs/http.md examples/README.md || echo "$recipe is not told of"
		done)"
