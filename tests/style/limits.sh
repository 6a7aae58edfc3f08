#!/bin/sh
# Sizes and habits: files to 600 lines, functions to 60, no banned call, no machine's path, no unfinished mark.
cd "${top_srcdir:-.}" || exit 1
echo 1..7

verdict() { # NUMBER NAME PROBLEMS
	if [ -z "$3" ]; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		printf '%s\n' "$3" | sed 's/^/# /'
	fi
}

sources=$(find host sdk/kit sdk/include tests examples plugins -name '*.[ch]' | sort)
scripts=$(find quickstart tests -name '*.sh' -o -name '*.py' -o -name quickstart | sort)
verdict 1 "no file over 600 lines" \
	"$(wc -l $sources $scripts | awk '$2 != "total" && $1 > 600 {print $2 ": " $1 " lines"}')"
# A function's body stands between a "{" and a "}" in the first column (.clang-format sees to that).
verdict 2 "no function over 60 lines" "$(awk '
	FNR == 1 { start = 0 }
	/^{/ { start = FNR }
	/^}/ { if (start && FNR - start - 1 > 60 && !/;/) print FILENAME ":" start ": " FNR - start - 1 " lines"; start = 0 }
	' $sources)"
verdict 3 "no banned call" "$(grep -nE \
	'\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atoll|strtok|sscanf|alloca)[[:space:]]*\(' $sources)"
verdict 4 "no path of a machine" "$(grep -rnIE --exclude='*.log' --exclude=abhost-sdk.pc '(^|[^A-Za-z0-9._-])/(work|root)/' \
	host sdk tests examples plugins docs README.md quickstart | grep -v 'style/limits.sh')"
verdict 5 "no unfinished mark" "$(grep -nE '\b(TO''DO|FIX''ME|X''XX|HA''CK)\b' $sources $scripts)"
# jansson's own writers drop what they find no memory or no room for (data/jsontext.h)
verdict 6 "no text by jansson's own writers" "$(grep -rnE '\bjson_dump(s|fd|_file|b)[[:space:]]*\(' host --include='*.c')"
# its readers drop a byte that they find no memory for (data/jsonread.h)
verdict 7 "no text read by jansson's own readers" "$(grep -rnE '\bjson_load(s|b|f|fd|_file|_callback)[[:space:]]*\(' host --include='*.c' |
	grep -v '^host/data/jsonread\.c:')"
