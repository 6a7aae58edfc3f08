#!/bin/sh
# Fuzzes the scanner, the views and the lines of Airbyte's protocol: run.sh [SECONDS], each target for so many (default 30), once with SSE2 and once
# without.  Builds in a folder of its own that goes away; what made a target fail stays, in fuzz-found/ here.
# Prints TAP.  Needs clang with libFuzzer and the sanitizers, and jansson; skips without.
seconds=${1:-30}
src=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
here=$(pwd)
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}

command -v clang >/dev/null || skip "no clang"
flags=$(pkg-config --cflags --libs jansson 2>/dev/null) || skip "no jansson"
echo 'int LLVMFuzzerTestOneInput(const unsigned char *p, unsigned long n) { return p == 0 && n; }' >"$tmp/try.c"
clang -fsanitize=fuzzer,address,undefined "$tmp/try.c" -o "$tmp/try" 2>/dev/null ||
	skip "this clang lacks libFuzzer's runtime"

# Seeds: one small file for each thing that JSON has; 'p' and 'v' choose what fuzz-scan does with them.
seed() {
	n=$((n + 1))
	printf "$1" >"$tmp/view/$n"
	printf "p$1" >"$tmp/scan/page-$n"
	printf "v$1" >"$tmp/scan/value-$n"
	printf '5{"type":"RECORD","record":{"stream":"s","data":{"a":1},"emitted_at":1.5}}\n%s\n' "$1" >"$tmp/lines/$n"
}
n=0
mkdir "$tmp/view" "$tmp/scan" "$tmp/lines" || exit 1
seed '{"id":1,"name":"x","at":"2024-01-01T00:00:00Z","n":-1.5e3,"b":true,"z":null}'
seed '[{"id":1,"name":"a"},{"id":2,"name":"b"},{"name":"c","id":3},{"id":4}]'
seed '{"a":1,"b":2}\n{"a":1,"b":2}\r\n{"b":2,"a":1}\n'
seed '{ "a" : [ 1 , { "b" : [ ] } , { } ] ,\t"a_key_of_sixteen" : false }'
seed '{"a_key_that_is_longer_than_thirty_two_bytes":1}{"a_key_that_is_longer_than_thirty_two_bytes":2}'
seed '{"s":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u00e9\\ud83d\\ude00"}'
seed '{"s":"caf\303\251 \346\227\245\346\234\254 \360\237\230\200","\\u0061":1}'
seed '[0,-0,12345678901234567890,0.1,1e400,5e-324,359.40,9007199254740993]'
seed '"a string that is longer than sixteen bytes, with [brackets] in it"'
seed '\357\273\277{}'
seed '<!DOCTYPE html>'

common="$src/tests/json_help.c $src/host/data/scan.c $src/host/data/scan_lex.c $src/host/data/value.c
	$src/host/data/value_text.c $src/host/base/*.c"
views="$src/tests/view_help.c $src/host/data/view.c $src/host/data/view_kids.c
	$src/host/data/view_skip.c"
lines="$src/host/data/lines.c $src/host/data/lines_span.c $src/host/data/view_skip.c"
build() { # OUT EXTRA_FLAG SOURCES...
	out=$1
	extra=$2
	shift 2
	clang -std=gnu11 -g -O1 $extra -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-I"$src/host" -I"$src/sdk/include" -I"$src/tests" "$@" $common $flags -o "$tmp/$out"
}
build fuzz-scan "" "$src/tests/fuzz/fuzz-scan.c" &&
	build fuzz-scan-portable -DSCAN_PORTABLE "$src/tests/fuzz/fuzz-scan.c" &&
	build fuzz-lines "" "$src/tests/fuzz/fuzz-lines.c" $lines &&
	build fuzz-lines-portable -DSCAN_PORTABLE "$src/tests/fuzz/fuzz-lines.c" $lines &&
	build fuzz-view "" "$src/tests/fuzz/fuzz-view.c" $views &&
	build fuzz-view-portable -DSCAN_PORTABLE "$src/tests/fuzz/fuzz-view.c" $views || exit 1

echo 1..6
i=0
failed=0
for target in fuzz-lines fuzz-lines-portable fuzz-scan fuzz-scan-portable fuzz-view fuzz-view-portable; do
	i=$((i + 1))
	corpus=${target#fuzz-}
	if "$tmp/$target" -max_total_time="$seconds" -max_len=1024 -print_final_stats=1 \
		-artifact_prefix="$tmp/found-$target-" "$tmp/${corpus%-portable}" >"$tmp/log" 2>&1; then
		echo "ok $i - $target, $(sed -n 's/^stat::number_of_executed_units: *//p' "$tmp/log") runs"
	else
		echo "not ok $i - $target"
		tail -40 "$tmp/log" | sed 's/^/# /'
		mkdir -p "$here/fuzz-found" && cp "$tmp/found-$target-"* "$here/fuzz-found/"
		failed=1
	fi
done
exit $failed
