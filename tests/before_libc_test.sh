#!/bin/bash
# Code that runs before libc: its objects need no function of libc, and no address that libc's start fills in by relocation. Checks
# this build's objects, then objects of each compiler at the levels of optimization that once made tables of pointers.
#   before_libc_test.sh SOURCE_DIR START_OBJECT EARLY_THREAD_OBJECT FIRST_STEPS_OBJECT OPTION...
set -euo pipefail
source=$1
objects=("$2" "$3" "$4")
shift 4
files=(cli/start.cpp monitor/kvm/early/early_thread.cpp monitor/kvm/first_steps.cpp)
for tool in ld readelf nm; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

failed=0
check() {  # NAME OBJECT...: linked with each other they may need only libc's own start
  local name=$1 needed relocations
  shift
  ld -r -o "$work/linked.o" "$@"
  needed=$(nm -u "$work/linked.o" | awk '$2 != "_start" { print $2 }')
  [[ -z $needed ]] || { echo "FAILED: $name: needs" $needed; failed=1; }
  # Those that remain are relative to the instruction, without effect, or in debug information, which is not loaded.
  relocations=$(readelf -rW "$work/linked.o" | awk '/^Relocation section/ { loaded = $3 !~ /debug/ }
    loaded && $3 ~ /^R_X86_64_/ && $3 !~ /^R_X86_64_(PC32|PLT32|NONE)$/ { print $3, $5 }')
  [[ -z $relocations ]] || { echo "FAILED: $name: relocations that are resolved at start:"; echo "$relocations"; failed=1; }
}

check "this build" "${objects[@]}"

includes=(-I"$source/cli" -I"$source/monitor/kvm")
for folder in "$source"/abi/include "$source"/host/*/include "$source"/monitor/*/include; do includes+=(-I"$folder"); done
tried=0
for compiler in g++ clang++-19; do
  command -v "$compiler" >/dev/null || { echo "$compiler is not installed: not tried"; continue; }
  for level in -O0 -Os; do
    objects=()
    for file in "${files[@]}"; do
      objects+=("$work/$(basename "$file").o")
      "$compiler" -std=c++23 "$level" -fPIE "${includes[@]}" "$@" -c -o "${objects[-1]}" "$source/$file"
    done
    check "$compiler $level" "${objects[@]}"
    tried=$((tried + 1))
  done
done
[[ $failed == 0 ]] || exit 1
echo "this build's objects, and those of $tried other ways to compile them, need neither libc nor relocation"
