#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# drivers/agent/fetch_nanopb.sh DIR
#
# Brings nanopb's C sources (pb*.c, pb*.h, the licence) into DIR, for the agent in the guest: Debian ships them as a
# source package only. It comes from the mirror this machine's apt is configured with, whose signed index apt checks;
# the archive is checked once more against the .dsc. The machine's own apt configuration is not touched, no root needed.
# Nothing is fetched when DIR is complete already. Exits 69 with one sentence when it cannot be done.
set -euo pipefail
[[ $# == 1 ]] || { echo "usage: fetch_nanopb.sh DIR" >&2; exit 2; }
destination=$1
wanted=(pb.h pb_common.c pb_common.h pb_decode.c pb_decode.h pb_encode.c pb_encode.h LICENSE.txt)

give_up() { echo "fetch_nanopb: $1" >&2; exit 69; }

complete() {
    local file
    for file in "${wanted[@]}"; do [[ -s $destination/$file ]] || return 1; done
}
complete && exit 0

command -v apt-get >/dev/null || give_up "apt-get is not here; put nanopb 0.4's pb*.c and pb*.h into $destination by hand"
# shellcheck disable=SC1091
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")

# The first configured source that carries this release's main component, as apt itself reads its configuration
# (one-line and deb822 files alike).
configured_source() {
    apt-get indextargets --format '$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(CODENAME)|$(SIGNED_BY)' 'Created-By: Packages' |
        awk -F'|' -v name="$codename" '$3 == "main" && ($2 == name || $4 == name) { print; exit }'
}
IFS='|' read -r mirror release _ _ signed_by <<<"$(configured_source)" || true
[[ -n ${mirror:-} ]] || give_up "apt has no source for Debian $codename main; add one to /etc/apt"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work" # apt's own user reads it.
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/source"
# Without a configured key (or with one whose form a one-line source cannot say) apt checks with its trusted keys.
[[ ${signed_by:-} == /* ]] || signed_by=
option=${signed_by:+"[signed-by=$signed_by] "}
echo "deb-src ${option:-}$mirror $release main" >"$work/sources.list"
apt=(apt-get -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State::lists="$work/lists" -o Dir::Cache::archives="$work/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
    -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=2 -o Acquire::http::Timeout=30)

quietly() { # Shows what a command said only when it failed.
    "$@" >"$work/log" 2>&1 || { tail -5 "$work/log" >&2; return 1; }
}
quietly "${apt[@]}" update || give_up "the index of Debian's source packages could not be read from $mirror"
(cd "$work/source" && quietly "${apt[@]}" source --download-only nanopb) ||
    give_up "nanopb's source package could not be downloaded from $mirror"

cd "$work/source"
dsc=$(echo nanopb_*.dsc)
archive=$(echo nanopb_*.orig.tar.*)
[[ -f $dsc && -f $archive ]] || give_up "the download of nanopb is incomplete"
awk '/^Checksums-Sha256:/ { on = 1; next } /^[^ ]/ { on = 0 } on { print $1 "  " $3 }' "$dsc" >"$work/sums"
grep -qF "  $archive" "$work/sums" || give_up "$dsc does not list $archive"
sha256sum --quiet --strict -c "$work/sums" >&2 || give_up "$archive is not what $dsc says it is"
mkdir "$work/tree"
tar -xf "$archive" -C "$work/tree" --strip-components=1
cd - >/dev/null

mkdir -p "$destination"
for file in "${wanted[@]}"; do
    [[ -s $work/tree/$file ]] || give_up "$file is missing in $archive"
    cp "$work/tree/$file" "$destination/$file.new" && mv "$destination/$file.new" "$destination/$file"
done
echo "fetch_nanopb: $(basename "$archive" | sed 's/\.orig.*//; s/_/ /') in $destination"
