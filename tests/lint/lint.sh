#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Static checks that need no compiler: formatting of host and driver code, layering of harness/, file sizes, banned words,
# SPDX lines, README links and endings, a README in every folder of code, clocks. Prints each complaint; exits 1 when there is one.
set -uo pipefail
cd "$(dirname "$0")/../.."
complaints=0
complain() { echo "lint: $*"; complaints=$((complaints + 1)); }

mapfile -t sources < <(git ls-files '*.cpp' '*.hpp' '*.h' '*.c' '*.S')

# Formatting: host and driver code by clang-format 14, the one Debian 12 has.
if command -v clang-format >/dev/null && clang-format --version | grep -q 'version 14'; then
    while read -r file; do
        clang-format --dry-run -Werror "$file" >/dev/null 2>&1 || complain "$file is not formatted (make format)"
    done < <(git ls-files 'harness/*.cpp' 'harness/*.hpp' 'tests/*.cpp' 'tests/*.hpp' 'drivers/*.cpp' 'drivers/*.hpp')
fi

# Layering: a folder of harness/ includes only those before it on the road.
road=(base scenario rpc guest trace witness oracle report image run selftest cli)
declare -A rank
for i in "${!road[@]}"; do rank[${road[$i]}]=$i; done
while IFS=: read -r file include; do
    from=${file#harness/}; from=${from%%/*}
    to=${include#*\"}; to=${to%%/*}
    [[ -n ${rank[$from]:-} && -n ${rank[$to]:-} ]] || continue
    ((rank[$to] <= rank[$from])) || complain "$file includes $to/, which comes later on the road"
done < <(git grep -oE '^#include "[a-z_]+/' -- 'harness/*.cpp' 'harness/*.hpp')

for file in "${sources[@]}"; do
    head -3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || complain "$file has no SPDX line"
    lines=$(wc -l <"$file")
    ((lines <= 700)) || complain "$file has $lines lines; it probably holds two ideas"
done

# Words that promise work nobody will do.
while IFS=: read -r file line text; do
    complain "$file:$line: banned word:$text"
done < <(git grep -nE '\b(FIXME|XXX|HACK)\b|TODO([^(]|$)' -- '*.cpp' '*.hpp' '*.h' '*.c' '*.S' '*.sh' '*.cmake' ':!tests/lint/lint.sh')

# Every folder with sources says what it is.
while read -r folder; do
    [[ -f $folder/README.md || -f $(dirname "$folder")/README.md ]] || complain "$folder has no README.md"
done < <(git ls-files 'harness/*' 'drivers/*' 'guest-images/*' | grep -E '\.(cpp|hpp|h|c|S)$' | xargs -n1 dirname | sort -u)

# Every README ends with how to add one of its folder's things: in its last paragraph, or in a last section of that name.
while read -r document; do
    ending=$(awk 'BEGIN { RS = "" }
        { last = $0; if (/^#+ /) section = /^#+ (How to|To) add/ }
        END { print last; if (section) print "To add" }' "$document")
    grep -qE '\b[Tt]o (add|support)\b' <<<"$ending" || complain "$document does not end with how to add one of its things"
done < <(git ls-files '*README.md')

# Waits are measured with the steady clock; the wall clock only stamps what people read.
while IFS=: read -r file _; do
    complain "$file takes the time from the wall clock; deadlines and waits use base/deadline.hpp's Clock"
done < <(git grep -lE 'system_clock::now|gettimeofday|CLOCK_REALTIME|[^_a-z]time\(nullptr\)' -- 'harness/*.cpp' 'harness/*.hpp' |
    grep -vE '^harness/(run/evidence_io|image/calendar_io|guest/(guest_life|hypervisor)_io|witness/capture_io)\.cpp$')

# Relative links in documents lead somewhere.
while read -r document; do
    while read -r link; do
        target=${link%%#*}
        [[ -z $target || -e $(dirname "$document")/$target ]] || complain "$document links to $target, which is not there"
    done < <(grep -oE '\]\([^)]+\)' "$document" | sed -E 's/^\]\(//; s/\)$//' | grep -vE '^(https?|mailto):')
done < <(git ls-files '*.md')

# Every export of the reference guest's kernel and HAL is called by a self-test inside the guest, or excused by name.
tests/lint/export_coverage.sh --quiet || complain "exports without a self-test (tests/lint/export_coverage.sh --list)"

for script in $(git ls-files '*.sh' .ci/run .ci/deps); do
    bash -n "$script" || complain "$script does not parse"
done

((complaints == 0)) && echo "lint: ${#sources[@]} source files, nothing to complain about"
exit $((complaints != 0))
