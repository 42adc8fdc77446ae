#!/bin/bash
# Installs the guest library, moves the installed tree, builds the examples against it with gcc and clang, and boots them.
#   install_test.sh BUILD_DIR EXAMPLES
set -euo pipefail
build=$(readlink -f "$1")
examples=$(readlink -f "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tool in qemu-system-x86_64 pkg-config make gcc g++ clang-19; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
done

quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; echo "FAILED: $*"; exit 1; }; }

quietly cmake --install "$build" --component guest --prefix "$work/before"
mv "$work/before" "$work/prefix"
pkgconfig=$(dirname "$(find "$work/prefix" -name pvh-entry32.pc)")
if grep -rIl -e "$build" -e "$work/before" "$work/prefix"; then
  echo "FAILED: these files name the folder that they were built in or first installed to"
  exit 1
fi
if find "$work/prefix" -name '*.h*' -exec grep -HE '#include <[a-z_]+>' {} +; then
  echo "FAILED: a header of a C++ library is included"
  exit 1
fi

expect() {  # KERNEL LINE: under our own command and under QEMU's loader
  local seen
  seen=$("$build/pvh" run "$1" -m 64M --timeout 60 2>"$work/log" </dev/null | tr -d '\r') ||
    { cat "$work/log"; echo "FAILED: pvh run $1"; exit 1; }
  [[ $seen == "$2" ]] || { echo "FAILED: pvh run $1 printed '$seen', not '$2'"; exit 1; }
  seen=$(timeout 60 qemu-system-x86_64 -M microvm -accel tcg -m 64M -nodefaults -no-user-config -display none -serial stdio \
    -no-reboot -kernel "$1" </dev/null 2>"$work/log" | tr -d '\r') || { cat "$work/log"; echo "FAILED: QEMU with $1"; exit 1; }
  [[ $seen == "Hello, RAM: "*" KiB" ]] || { echo "FAILED: QEMU with $1 printed '$seen'"; exit 1; }
}

for compiler in gcc clang; do
  [[ $compiler == gcc ]] && cc=gcc cxx=g++ || cc=clang-19 cxx=clang++-19
  # Neither GoogleTest nor fmt nor a C++ library may be needed, so none is to be found.
  quietly cmake -S "$examples/cmake" -B "$work/$compiler-cmake" -DCMAKE_CXX_COMPILER=$cxx -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DCMAKE_CXX_FLAGS=-nostdinc++ -DCMAKE_BUILD_TYPE=Release -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON -DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON
  quietly cmake --build "$work/$compiler-cmake"
  cp -r "$examples/make" "$work/$compiler-make"
  PKG_CONFIG_PATH=$pkgconfig quietly make -C "$work/$compiler-make" CC=$cc

  # 64 MiB without the 384 KiB below 1 MiB that are not RAM.
  expect "$work/$compiler-cmake/kernel.elf" "Hello, RAM: 65152 KiB"
  expect "$work/$compiler-make/kernel.elf" "Hello, RAM: 65152 KiB"
  echo "$compiler: both examples were built and booted"
done
