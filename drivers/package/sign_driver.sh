#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# sign_driver.sh STRIP IDENTITY IN OUT: IN without symbols and with two test signatures, SHA-1 for systems before Windows 10
# and SHA-256 for those that came later; also a right checksum, which every NT kernel wants of a driver. Quiet when it works.
set -euo pipefail
strip=$1 identity=$2 in=$3 out=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sign() {
    osslsigncode sign -certs "$identity/certificate.pem" -key "$identity/key.pem" "$@" >"$work/log" 2>&1 ||
        { cat "$work/log" >&2; exit 1; }
}

"$strip" -o "$work/plain.sys" "$in"
sign -h sha1 -in "$work/plain.sys" -out "$work/sha1.sys"
sign -nest -h sha256 -in "$work/sha1.sys" -out "$work/both.sys"
mkdir -p "$(dirname "$out")"
mv -f "$work/both.sys" "$out"
