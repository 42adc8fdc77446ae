#!/bin/bash
# The version is typed once, in the project's CMakeLists.txt; the program, its manual and the installed packages say the same.
#   version_test.sh BUILD_DIR SOURCE_DIR VERSION
set -euo pipefail
build=$(readlink -f "$1")
source=$(readlink -f "$2")
version=$3
for tool in pkg-config cmake; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; exit 1; }

# Recordings say which release made them, so they keep the version of their time.
typed=$(grep -rIlF --exclude-dir='build*' --exclude-dir=.git --exclude-dir=corpus -- "$version" "$source" |
  grep -vxF -e "$source/CMakeLists.txt" -e "$source/docs/interop.md" || true)
[[ -z $typed ]] || fail "these files type the version instead of deriving it: $typed"

cmake --install "$build" --prefix "$work/prefix" >"$work/log" 2>&1 || { cat "$work/log"; fail "the project cannot be installed"; }
[[ $("$work/prefix/bin/pvh" --version) == "pvh $version" ]] || fail "pvh --version is not $version"
grep -qx "\.Os pvh $version" "$work/prefix/share/man/man1/pvh.1" || fail "the manual does not name the release"
packages=0
while read -r file; do
  [[ $(PKG_CONFIG_PATH=$(dirname "$file") pkg-config --modversion "$(basename "$file" .pc)") == "$version" ]] ||
    fail "pkg-config says another version of $(basename "$file")"
  packages=$((packages + 1))
done < <(find "$work/prefix" -name '*.pc')
[[ $packages == 5 ]] || fail "$packages pkg-config files are installed, not 5"
grep -qF "set(PACKAGE_VERSION \"$version\")" "$(find "$work/prefix" -name pvh-config-version.cmake)" || fail "the CMake package has another version"
echo "program, manual, $packages pkg-config files and the CMake package say $version"
