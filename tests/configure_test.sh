#!/bin/bash
# Configures the project as users do: without tests it looks for no GoogleTest and has no target of a test; warnings stop only the
# builds of the presets; a missing GoogleTest is named together with the way to build without it.
#   configure_test.sh SOURCE_DIR
set -euo pipefail
source=$(readlink -f "$1")
for tool in ninja g++ clang++-19; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "FAILED: $*"; exit 1; }
configure() {  # NAME ARGUMENT...
  local name=$1
  shift
  cmake -S "$source" -B "$work/$name" -G Ninja -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "$@" >"$work/log" 2>&1
}
# A warning as an error in the compile commands, which have no other word like it.
errors() { grep -qE -- ' -Werror( |")' "$work/$1/compile_commands.json"; }

# Neither GoogleTest nor Google Benchmark can be found here.
none=(-DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON -DCMAKE_DISABLE_FIND_PACKAGE_benchmark=ON)
configure user -DBUILD_TESTING=OFF "${none[@]}" -DPVH_STATIC=ON -DPVH_FUZZERS=ON ||
  { cat "$work/log"; fail "the project cannot be configured without GoogleTest"; }
ninja -C "$work/user" -t targets all >"$work/targets"
if grep -E '(_test|_fuzz|_testing)\b|planted|hostile|gtest|gmock' "$work/targets"; then
  fail "these targets of tests are configured with BUILD_TESTING=OFF"
fi
if grep -E 'gtest|gmock|_test\.cpp' "$work/user/build.ninja"; then
  fail "the build without tests names GoogleTest or a test"
fi
[[ ! -e $work/user/CTestTestfile.cmake ]] || fail "CTest has tests with BUILD_TESTING=OFF"
grep -q '^pvh: ' "$work/targets" || fail "there is no target pvh"
! errors user || fail "warnings are errors in a build that is not a preset's"
grep -q -- ' -O' "$work/user/compile_commands.json" || fail "a build without a type is not optimized"
# A user's build has no program of a benchmark, but each benchmark can build its own.
if ninja -C "$work/user" -n all | grep -E 'bench/'; then
  fail "a user's build has the benchmarks' programs"
fi
ninja -C "$work/user" -n floor stopwatch disk_load net_load unpack_library idle tiny >/dev/null || fail "a benchmark's program has no target"

if configure lacking -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON; then
  fail "a build with tests is configured without GoogleTest"
fi
tr -s '\n ' ' ' <"$work/log" | grep -q 'GoogleTest not found.*-DBUILD_TESTING=OFF' || { cat "$work/log"; fail "a missing GoogleTest is not named"; }

# Every preset is one of ./test's or a developer's. Configured in a folder of its own, so that no build is disturbed.
for preset in release asan tsan debug; do
  (cd "$source" && cmake --preset "$preset" -B "$work/$preset") >"$work/log" 2>&1 || { cat "$work/log"; fail "preset $preset"; }
  errors "$preset" || fail "warnings are no errors in preset $preset"
  grep -qx 'BUILD_TESTING:BOOL=ON\|BUILD_TESTING:UNINITIALIZED=ON' "$work/$preset/CMakeCache.txt" || fail "preset $preset has no tests"
done
echo "configured without GoogleTest, with it missing, and by four presets"
