#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fetch hwloc's own test machines (topologies of real computers, as XML files and sysfs trees) from
# Debian's source package of hwloc, once, and print the folder they are in: xml/, linux/.
# Pinned: version, and SHA-256 of the upstream tarball as Debian's .dsc of that version states it.
# Needs no root: apt works in a private folder, on the package sources of this machine.
set -euo pipefail

version=2.9.0
debian=$version-1
sha256=b3fb1a43a14d8fbcd8e976de5ede2ea7ce1d768ed173adb33c7ceaaf098dc970

cache=${SWITCHYARD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/switchyard}
target=$cache/hwloc-$version

fail() {
    echo "fetch.sh: $*" >&2
    exit 1
}

if [ -d "$target" ]; then
    echo "$target"
    exit 0
fi
command -v apt-get >/dev/null || fail "hwloc's test machines come with a Debian source package, and there is no apt-get"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$cache" "$work/lists/partial" "$work/cache/archives/partial" "$work/unpacked"

# The Debian archives that this machine installs from, as source entries. Before the first
# `apt-get update` apt knows no origins yet: then those whose address ends in /debian.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
entries() {
    apt-get indextargets \
        --format "deb-src${signed_by:+ $signed_by} \$(REPO_URI) \$(RELEASE) \$(COMPONENT)" \
        'Created-By: Packages' "$@" | sort -u
}
[ ! -f "$keyring" ] || signed_by="[signed-by=$keyring]"
entries 'Origin: Debian' 'Label: Debian' >"$work/sources.list"
[ -s "$work/sources.list" ] || entries | grep -E '/debian/? ' >"$work/sources.list" ||
    fail "no Debian archive among the package sources of this machine"

options=(-q -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=
    -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3)
apt-get "${options[@]}" update >"$work/log" 2>&1 || fail "apt-get update: $(tail -n 1 "$work/log")"
(cd "$work" && apt-get "${options[@]}" source --download-only "hwloc=$debian") >"$work/log" 2>&1 ||
    fail "apt-get source: $(tail -n 1 "$work/log")"
tarball=$(find "$work" -maxdepth 1 -name "hwloc_$version.orig.tar.*" ! -name '*.asc')
[ -n "$tarball" ] || fail "the source package has no upstream tarball"
echo "$sha256  $tarball" | sha256sum --check --status || fail "checksum of $(basename "$tarball") differs"

tar -xf "$tarball" -C "$work/unpacked" --strip-components=3 --wildcards \
    '*/tests/hwloc/xml/*' '*/tests/hwloc/linux/*'
mv "$work/unpacked" "$work/hwloc-$version"
# Whoever is first wins; a run at the same time finds the folder there.
mv "$work/hwloc-$version" "$target.$$"
mv -T "$target.$$" "$target" 2>/dev/null || rm -rf "$target.$$"
[ -d "$target/xml" ] || fail "cannot write $target"
echo "$target"
