#!/bin/bash
# `cmake --install` in a tree where a component is not built says what to type, and installs nothing.
#   install_unbuilt_test.sh SOURCE_DIR
set -euo pipefail
source=$(readlink -f "$1")
command -v ninja >/dev/null || { echo "ninja is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { cat "$work/log"; echo "FAILED: $*"; exit 1; }

cmake -S "$source" -B "$work/build" -G Ninja -DBUILD_TESTING=OFF >"$work/log" 2>&1 || fail "the project cannot be configured"
for component in program guest host all; do
  [[ $component == all ]] && chosen=() || chosen=(--component "$component")
  ! cmake --install "$work/build" --prefix "$work/prefix" "${chosen[@]}" >"$work/log" 2>&1 || fail "$component: installed, but not built"
  grep -q "not built" "$work/log" || fail "$component: the missing file is not named"
  grep -q "cmake --build $work/build --target installable" "$work/log" || fail "$component: no hint"
  [[ ! -e $work/prefix ]] || fail "$component: installed in part: $(find "$work/prefix" -type f | head -3)"
done
# The target that the hint names has all that is missing.
built=$(ninja -C "$work/build" -n installable)
for file in libpvh-guest.a libpvh-guest32.a libpvh-entry.a libpvh-entry32.a libpvh-host.a pvh; do
  grep -qE "Linking .*[ /]$file$" <<<"$built" || fail "the target installable does not build $file"
done
echo "four ways to install an unbuilt tree say what to type"
