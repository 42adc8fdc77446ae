#!/bin/bash
# Code that runs before libc: its objects need no function of libc, and no address that libc's start fills in by relocation. Checks
# this build's objects, then objects of each compiler at the levels of optimization that once made tables of pointers.
#   before_libc_test.sh SOURCE_DIR START_OBJECT EARLY_THREAD_OBJECT OPTION...
set -euo pipefail
source=$1
start=$2
early=$3
shift 3
for tool in readelf nm; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
done

failed=0
check() {  # OBJECT NAME ALLOWED_SYMBOLS
  local needed relocations
  [[ -f $1 ]] || { echo "FAILED: $1 not found"; exit 1; }
  needed=$(nm -u "$1" | awk '{ print $2 }' | grep -vE "^($3)$" || true)
  [[ -z $needed ]] || { echo "FAILED: $2 needs:" $needed; failed=1; }
  # Relative to the instruction, or in debug information, which is not loaded.
  relocations=$(readelf -rW "$1" | awk '/^Relocation section/ { loaded = $3 !~ /debug/ }
    loaded && $3 ~ /^R_X86_64_/ && $3 !~ /^R_X86_64_(PC32|PLT32)$/ { print $3, $5 }')
  [[ -z $relocations ]] || { echo "FAILED: $2 has relocations that are resolved at start:"; echo "$relocations"; failed=1; }
}
check_both() { check "$1" "$3 start.cpp" '_start|_ZN3pvh3kvm19begin_early_machineEm'; check "$2" "$3 early_thread.cpp" ''; }

check_both "$start" "$early" "this build's"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
includes=(-I"$source/cli" -I"$source/monitor/kvm")
for folder in "$source"/abi/include "$source"/host/*/include "$source"/monitor/*/include; do includes+=(-I"$folder"); done
tried=0
for compiler in g++ clang++-19; do
  command -v "$compiler" >/dev/null || { echo "$compiler is not installed: not tried"; continue; }
  for level in -O0 -Os; do
    for file in cli/start.cpp monitor/kvm/early/early_thread.cpp; do
      "$compiler" -std=c++23 "$level" -fPIE "${includes[@]}" "$@" -c -o "$work/$(basename "$file").o" "$source/$file"
    done
    check_both "$work/start.cpp.o" "$work/early_thread.cpp.o" "$compiler $level"
    tried=$((tried + 1))
  done
done
[[ $failed == 0 ]] || exit 1
echo "this build's objects, and those of $tried other ways to compile them, need neither libc nor relocation"
