#!/bin/sh
# What `make install` puts down is enough to build a connector: the template, as its README says.
cd "${top_builddir:-.}" || exit 1
if ! command -v pkg-config >/dev/null; then
	echo "1..0 # SKIP pkg-config is not installed"
	exit 0
fi
if ${NM:-nm} libabhost-kit.a | grep -q __asan_init; then
	echo "1..0 # SKIP the kit is built with sanitizers"
	exit 0
fi
echo 1..4
root=$(mktemp -d) || exit 1
trap 'rm -rf "$root"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR
make -s DESTDIR="$root" install-libLIBRARIES install-abhostincludeHEADERS install-pkgconfigDATA \
	install-dist_templateDATA install-dist_schemaDATA >"$root/log" 2>&1 || sed 's/^/# /' "$root/log"
pc=$(find "$root" -name abhost-sdk.pc)
template=$(dirname "$(find "$root" -path '*/template/connector.c')")
export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$root"

verdict() { # NUMBER NAME, $? of the command before
	if [ "$3" -eq 0 ]; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		sed 's/^/# /' "$root/log"
	fi
}

case $(pkg-config --variable=connectordir abhost-sdk) in
/*/abhost/connectors) verdict 1 "abhost-sdk.pc names the connectors' folder" 0 ;;
*) verdict 1 "abhost-sdk.pc names the connectors' folder" 1 ;;
esac
cp -r "$template" "$root/mine" && make -s -C "$root/mine" CC="${CC:-cc}" CFLAGS="-O2 -Wall -Wextra -Werror" \
	>"$root/log" 2>&1
verdict 2 "the template builds with the installed SDK" $?
[ "$(${NM:-nm} -D --defined-only "$root/mine/my-connector.so" | awk '{print $3}')" = ab_connector_v1 ]
verdict 3 "and exports one symbol" $?
make -s -C "$root/mine" install HOME="$root/home" >"$root/log" 2>&1 &&
	[ -f "$root/home/.local/share/abhost/connectors/my-connector.so" ]
verdict 4 "make install puts it where abhost looks" $?
