#!/bin/sh
# abi.h stands alone, as every C and C++ that a connector may be written in, without padding; the sugar as C99
# and later.  The layout is that of 1.0.
cd "${top_srcdir:-.}" || exit 1
include=-Isdk/include
strict="-fsyntax-only -Wall -Wextra -Wpedantic -Werror"
number=0
compilers=
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

has_cxx() { # COMPILER: can it compile C++ at all
	echo '#include <cstddef>' | "$1" -x c++ -fsyntax-only - 2>/dev/null
}

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
	try "the layout is that of 1.0, $cc" $cc -std=c11 $strict $include tests/abi/offsets.c
	for std in c++11 c++17 c++20; do
		if has_cxx $cc; then
			try "abi.h as $std, $cc" $cc -x c++ -std=$std $strict -Wpadded $include - <<-'C'
				#include <abhost/abi.h>
			C
		else
			number=$((number + 1))
			echo "ok $number - abi.h as $std, $cc # SKIP $cc has no C++ here"
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
