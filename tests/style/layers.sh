#!/bin/sh
# Includes point down only: a room may include itself and the rooms after it in this list.
cd "${top_srcdir:-.}" || exit 1
rooms="cli serve accept engine dest source worker net data base"
echo 1..4

verdict() { # NUMBER NAME PROBLEMS
	if [ -z "$3" ]; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		printf '%s\n' "$3" | sed 's/^/# /'
	fi
}

upward=$(
	above=
	for room in $rooms; do
		for other in $above; do
			grep -n "#include \"$other/" "host/$room"/*.[ch] 2>/dev/null
		done
		above="$above $room"
	done
)
verdict 1 "no include points up" "$upward"
verdict 2 "only host/net includes curl" "$(grep -ln 'curl/curl.h' host/*/*.[ch] | grep -v '^host/net/')"
verdict 3 "only dest/sqlite*, cli and tests include sqlite3" \
	"$(grep -ln 'sqlite3.h' host/*/*.[ch] | grep -v -e '^host/dest/sqlite' -e '^host/cli/')"
verdict 4 "the SDK includes nothing of the host" \
	"$(grep -nE '#include "(cli|accept|engine|dest|source|worker|net|data|base)/' sdk/include/abhost/*.h sdk/kit/*.[ch] examples/*.c 2>/dev/null)"
