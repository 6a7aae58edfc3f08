#!/bin/sh
# What is made of schemas and templates is made whole: where od fails, so does make, and a target stays as it was.
cd "${top_builddir:-.}" || exit 1
bad=$(mktemp -d) || exit 1
trap 'rm -rf "$bad"' EXIT
printf '#!/bin/sh\necho 65 66\nexit 1\n' >"$bad/od"
chmod +x "$bad/od"
src=$(sed -n 's/^srcdir = //p' Makefile)
echo 1..6
n=0
tell() {
	n=$((n + 1))
	[ "$1" = 0 ] || printf 'not '
	echo "ok $n - $2"
}
while read -r target source; do
	cp -p "$target" "$bad/saved" || exit 1
	env -u MAKEFLAGS -u MFLAGS PATH="$bad:$PATH" "${MAKE:-make}" -W "$src/$source" "$target" >"$bad/log" 2>&1
	[ $? -ne 0 ] && grep -q "$target" "$bad/log"
	tell $? "$target: make fails where od does"
	[ "$(ls "$target"*)" = "$target" ] && cmp -s "$target" "$bad/saved"
	tell $? "$target: it is as it was, and nothing is beside it"
	cmp -s "$target" "$bad/saved" || cp -p "$bad/saved" "$target"
done <<-END
	host/accept/stream_schema.inc sdk/schema/stream.json
	host/cli/sync_schema.inc sdk/schema/sync.json
	host/cli/template_files.inc sdk/template/Makefile.c
END
