#!/bin/bash
# Installs the guest library with the folders that distributions choose (CMAKE_INSTALL_*), relative and absolute, and builds a kernel
# with what pkg-config and CMake say of it.
#   install_folders_test.sh SOURCE_DIR
set -euo pipefail
source=$(readlink -f "$1")
for tool in ninja pkg-config make gcc g++; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; exit 1; }
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; fail "$*"; }; }

try() {  # NAME LIBDIR INCLUDEDIR DATADIR MANDIR BINDIR: as given to CMake, "" for the default
  local name=$1 prefix=$work/$1 libraries option folders=()
  shift
  libraries=${1:-lib}
  [[ $libraries == /* ]] || libraries=$prefix/$libraries
  for option in LIBDIR INCLUDEDIR DATADIR MANDIR BINDIR; do
    [[ -z $1 ]] || folders+=("-DCMAKE_INSTALL_$option=$1")
    shift
  done
  # One build for all: what is compiled does not depend on the folders.
  quietly cmake -S "$source" -B "$work/build" -G Ninja -DBUILD_TESTING=OFF -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON \
    -DCMAKE_INSTALL_PREFIX="$prefix" -U 'CMAKE_INSTALL_*DIR' "${folders[@]}"
  quietly ninja -C "$work/build" pvh_guest_freestanding64 pvh_guest_freestanding32 pvh_entry64 pvh_entry32
  quietly cmake --install "$work/build" --component guest
  cp -r "$source/examples/kernel/make" "$work/make-$name"
  PKG_CONFIG_PATH=$libraries/pkgconfig quietly make -C "$work/make-$name" CC=gcc
  # The host's file lies beside; its library is not built here.
  [[ $(grep -E '^(prefix|libdir)=' "$work/build/pvh-host.pc") == "$(grep -E '^(prefix|libdir)=' "$libraries/pkgconfig/pvh-entry.pc")" ]] ||
    fail "$name: pvh-host.pc has another libdir"
  quietly cmake -S "$source/examples/kernel/cmake" -B "$work/cmake-$name" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -Dpvh_DIR="$libraries/cmake/pvh"
  quietly ninja -C "$work/cmake-$name"
  cmp "$work/make-$name/kernel.elf" "$work/make-plain/kernel.elf" || fail "$name: another kernel than with the default folders"
}
try plain "" "" "" "" ""
try multiarch lib/x86_64-linux-gnu "" "" "" ""
try absolute "$work/out/lib" "$work/dev/include" "$work/out/share" "$work/man" "$work/bin"
# An absolute folder of one kind beside relative ones of the others.
try mixed "$work/mixed/elsewhere/lib" "" "" "" ""
echo "four choices of folders work"
