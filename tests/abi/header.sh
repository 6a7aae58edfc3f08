#!/bin/sh
# abi.h stands alone, as every C and C++ that a connector may be written in, without padding, also for 32 bits; the
# sugar as C99 and later.  The layout is that of 1.0.
cd "${top_srcdir:-.}" || exit 1
include=-Isdk/include
strict="-fsyntax-only -Wall -Wextra -Wpedantic -Werror"
number=0
compilers=
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/abhost" && cp sdk/abi/1.0.h "$work/abhost/abi.h"
for cc in gcc clang; do
	if command -v $cc >/dev/null && echo 'int a;' | $cc -x c -fsyntax-only - 2>/dev/null; then
		compilers="$compilers $cc"
	fi
done

try() { # NAME COMMAND...: standard input is the source
	name=$1
	shift
	number=$((number + 1))
	if errors=$("$@" 2>&1); then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		printf '%s\n' "$errors" | sed 's/^/# /'
	fi
}

skip() { # NAME REASON
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

has_cxx() { # COMPILER: can it compile C++ at all
	echo '#include <cstddef>' | "$1" -x c++ -fsyntax-only - 2>/dev/null
}

case $compilers in
*gcc*clang*) ;;
*) skip "gcc and clang" "only$compilers is here" ;;
esac
for cc in $compilers; do
	for std in c99 c11 c17; do
		try "abi.h as $std, $cc" $cc -x c -std=$std $strict -Wpadded $include - <<-'C'
			#include <abhost/abi.h>
		C
		try "connector.h and rest.h as $std, $cc" $cc -x c -std=$std $strict $include - <<-'C'
			#include <abhost/rest.h>
			#include <abhost/connector.h>
		C
	done
	# The figures are those of both machines; -ffreestanding: the compiler's own headers are enough, so that the other
	# machine's libc is not needed.
	for bits in 64 32; do
		if ! echo 'int a;' | $cc -m$bits -x c -fsyntax-only - 2>/dev/null; then
			skip "the layout is that of 1.0, $bits bits, $cc" "$cc has no -m$bits here"
			continue
		fi
		layout="$cc -m$bits -ffreestanding -std=c11 $strict -Wpadded"
		try "the layout is that of 1.0, $bits bits, $cc" $layout $include tests/abi/offsets.c
		try "that of the frozen header, too, $bits bits, $cc" $layout -I"$work" tests/abi/offsets.c
	done
	for std in c++11 c++17 c++20; do
		if has_cxx $cc; then
			try "abi.h as $std, $cc" $cc -x c++ -std=$std $strict -Wpadded $include - <<-'C'
				#include <abhost/abi.h>
			C
		else
			skip "abi.h as $std, $cc" "$cc has no C++ here"
		fi
	done
done
number=$((number + 1))
lines=$(wc -l <sdk/include/abhost/abi.h)
if [ "$lines" -lt 200 ]; then
	echo "ok $number - abi.h has $lines lines, below 200"
else
	echo "not ok $number - abi.h has $lines lines; a page that is read aloud has less than 200"
fi
echo "1..$number"
