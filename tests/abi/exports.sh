#!/bin/sh
# A connector exports exactly one symbol and needs nothing but libc; the kit hides all of its own.
cd "${top_builddir:-.}" || exit 1
NM=${NM:-nm}
number=0

verdict() { # NAME PROBLEMS
	number=$((number + 1))
	if [ -z "$2" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

for so in examples/*.so examples/cookbook/*.so plugins/*/*.so; do
	[ -f "$so" ] || continue
	verdict "$so exports ab_connector_v1 only" \
		"$($NM -D --defined-only "$so" | awk '$3 == "ab_connector_v1" {seen = 1; next}
			$3 !~ /^__odr_asan\./ {print $3}
			END {if (!seen) print "no ab_connector_v1"}')"
	case $so in
	*-cpp.so) own='|libstdc\+\+\.|libgcc_s\.|libm\.' ;;
	*-rust.so) own='|libgcc_s\.' ;;
	*) own= ;;
	esac
	verdict "$so needs libc${own:+ and what its language brings} only" \
		"$(readelf -d "$so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
			grep -vE "^(libc\.so|ld-linux|libasan\.|libubsan\.$own)")"
done
verdict "libabhost-kit.a hides its symbols" \
	"$(readelf -sW libabhost-kit.a | awk '$5 == "GLOBAL" && $7 != "UND" && $6 != "HIDDEN" {print $8}')"
echo "1..$number"
