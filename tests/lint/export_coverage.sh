#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Which exports of ntoskrnl.exe and hal.dll do self-tests inside the guest call? A family is a folder with an export list. Prints a
# line a family; fails when a family has no test at all, or an export is neither called by a test nor listed, with its reason, in
# tests/lint/untested_exports. With --list the names that nothing calls.
set -uo pipefail
cd "$(dirname "$0")/../../guest-images/reference"
declare -A excused
while read -r name _; do excused[$name]=1; done < <(grep -v '^#' ../../tests/lint/untested_exports)

# Words of everything that runs as a self-test. A name inside a comment or a text would count: both are taken out.
words=$(sed -e 's,//.*,,' -e 's,"[^"]*",,g' */selftest_*.cpp */lib/selftest*.cpp selftest/*.cpp | grep -oE '[A-Za-z_][A-Za-z0-9_]*' | sort -u)
declare -A called
for word in $words; do called[${word#__imp_}]=1; done

complaints=0 all=0 tested=0
for list in */ntoskrnl.def */*/ntoskrnl.def hal/hal.def; do
    folder=$(dirname "$list")
    names=$(sed -e 's/[;#].*//' -e 's/=.*//' -e 's/[[:space:]].*//' "$list" | grep -vE '^(|LIBRARY|EXPORTS|NAME)$')
    total=0 hit=0
    for name in $names; do
        total=$((total + 1))
        if [[ -n ${called[$name]:-} ]]; then
            hit=$((hit + 1))
            [[ -z ${excused[$name]:-} ]] || { echo "exports: $name is tested: take it out of untested_exports"; complaints=$((complaints + 1)); }
        elif [[ -z ${excused[$name]:-} ]]; then
            [[ ${1:-} == --list ]] && echo "  $folder $name"
            complaints=$((complaints + 1))
        fi
    done
    all=$((all + total)) tested=$((tested + hit))
    [[ ${1:-} == --quiet ]] || printf '%-8s %3d of %3d exports are called by self-tests\n' "$folder" "$hit" "$total"
    ((hit > 0)) || { echo "exports: nothing tests the family $folder"; complaints=$((complaints + 1)); }
done
[[ ${1:-} == --quiet ]] || echo "all      $tested of $all"
((complaints == 0)) || echo "exports: $complaints complaints; tests/lint/export_coverage.sh --list names what nothing calls"
exit $((complaints != 0))
