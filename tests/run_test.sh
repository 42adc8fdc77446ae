#!/bin/bash
# ./run in a tree of its own, whose project is one small program: what it prints while it builds, on a terminal and elsewhere, what it
# shows of a build that fails, and that it neither changes a tree that was configured before nor configures one with tests.
#   run_test.sh SOURCE_DIR
set -euo pipefail
source=$(readlink -f "$1")
for tool in script ninja cmake cc; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CI

fail() { cat "$work/out"; echo "FAILED: $*"; exit 1; }
tree=$work/tree
mkdir -p "$tree/scripts"
cp "$source/run" "$tree/run"
cp "$source/scripts/common.sh" "$tree/scripts"
printf '#!/bin/sh\n' >"$tree/scripts/install"
chmod +x "$tree/scripts/install"
sed -e 's/"CMAKE_CXX_COMPILER": "[^"]*",\?//' -e 's/, *}/}/' "$source/CMakePresets.json" >"$tree/CMakePresets.json"
cat >"$tree/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(small LANGUAGES C)
option(BUILD_TESTING "" ON)
add_executable(pvh pvh.c)
set_target_properties(pvh PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
target_compile_options(pvh PRIVATE -Wall)
add_custom_target(installable DEPENDS pvh)
END
program() { printf '#include <stdio.h>\nint main(int count, char** words) { %s return count == 3 ? puts(words[2]) < 0 : 2; }\n' "$1" >"$tree/pvh.c"; }
program "int unused;"

"$tree/run" KERNEL >"$work/out" 2>&1 </dev/null || fail "a warning stops ./run"
[[ $(cat "$work/out") == $'Configuring\nBuilding pvh\nKERNEL' ]] || fail "elsewhere than on a terminal ./run does not print just its steps"
grep -qx 'BUILD_TESTING:BOOL=OFF' "$tree/build/CMakeCache.txt" || fail "./run configures the tests"
"$tree/run" KERNEL >"$work/out" 2>&1 </dev/null
[[ $(cat "$work/out") == KERNEL ]] || fail "./run builds what is built"

program ""
TERM=xterm script -qec "$tree/run KERNEL" "$work/typescript" </dev/null >"$work/out"
grep -q '\[[12]/2\]' "$work/out" || fail "on a terminal ./run does not count"
program ""
touch "$tree/pvh.c"
TERM=dumb script -qec "$tree/run KERNEL" "$work/typescript" </dev/null >"$work/out"
! grep -q '\[[12]/2\]' "$work/out" || fail "on a dumb terminal ./run counts"

program "this is no C;"
! "$tree/run" KERNEL >"$work/out" 2>&1 </dev/null || fail "a failed build starts a guest"
grep -q 'error:' "$work/out" && grep -q 'run: building failed' "$work/out" || fail "the log of a failed build is not shown"
! TERM=xterm script -qec "$tree/run KERNEL" "$work/typescript" </dev/null >"$work/out" || fail "a failed build starts a guest"
grep -q 'error:' "$work/out" && grep -q 'run: building failed' "$work/out" || fail "on a terminal the log of a failed build is not shown"
! grep -q '^KERNEL' "$work/out" || fail "a failed build starts a guest"

# ./test's configuration stays.
program ""
(cd "$tree" && cmake --preset release) >"$work/out" 2>&1 || fail "the preset cannot be configured"
"$tree/run" KERNEL >"$work/out" 2>&1 </dev/null || fail "./run after ./test"
grep -qx 'BUILD_TESTING:BOOL=ON' "$tree/build/CMakeCache.txt" || fail "./run takes the tests from a tree that ./test configured"
echo "./run configures, counts, fails and starts as it says"
