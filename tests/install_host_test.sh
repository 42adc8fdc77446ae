#!/bin/bash
# Installs the host library, moves the installed tree, builds the example monitor against that alone, with gcc by CMake and with clang by
# pkg-config, shared and static, and boots hello with each.
#   install_host_test.sh BUILD_DIR SOURCE_DIR
set -euo pipefail
build=$(readlink -f "$1")
source=$(readlink -f "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tool in pkg-config cmake g++ clang++-19 nm; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
done

quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; echo "FAILED: $*"; exit 1; }; }

quietly cmake --install "$build" --component host --prefix "$work/before"
mv "$work/before" "$work/prefix"
cp -r "$source/examples/monitor" "$work/monitor"
if grep -rIl -e "$build" -e "$work/before" "$work/prefix"; then
  echo "FAILED: these files name the folder that they were built in or first installed to"
  exit 1
fi
archive=$(find "$work/prefix" -name libpvh-host.a)
if nm -C "$archive" 2>/dev/null | grep -E 'pvh::(kvm|qemu|engine|cli)::'; then
  echo "FAILED: the library has to do with an engine or the command"
  exit 1
fi

# Every installed C++ header can be included alone.
find "$work/prefix/include/pvh" -name '*.hpp' -printf '%P\n' | while read -r header; do
  echo "#include <pvh/$header>" >"$work/alone.cpp"
  quietly g++ -std=c++23 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$work/prefix/include" "$work/alone.cpp"
done

pkgconfig=$(dirname "$(find "$work/prefix" -name pvh-host.pc)")
export PKG_CONFIG_PATH=$pkgconfig
run() { "$source/tests/monitor_test.sh" "$1" "$build/kernels" || { code=$?; [[ $code == 77 ]] || exit 1; skipped=yes; }; }
skipped=no
for kind in shared static; do
  [[ $kind == static ]] && static=-static || static=
  quietly cmake -S "$work/monitor" -B "$work/cmake-$kind" -DCMAKE_CXX_COMPILER=g++ -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror" -DCMAKE_EXE_LINKER_FLAGS=$static
  quietly cmake --build "$work/cmake-$kind"
  run "$work/cmake-$kind/monitor"
  # shellcheck disable=SC2046  # words for the compiler
  quietly clang++-19 -std=c++23 -Wall -Wextra -Werror $static $(pkg-config --cflags pvh-host) -o "$work/monitor-$kind" \
    "$work/monitor/monitor.cpp" $(pkg-config ${static:+--static} --libs pvh-host)
  run "$work/monitor-$kind"
done

# Who lacks a library reads its name; who asks for what is not installed is told so.
if cmake -S "$work/monitor" -B "$work/lacking" -DCMAKE_PREFIX_PATH="$work/prefix" "-DCMAKE_IGNORE_PREFIX_PATH=/;/usr;/usr/local" >"$work/log" 2>&1 ||
    ! tr -s '\n ' ' ' <"$work/log" | grep -q "pvh::host needs libraries that are not installed: libbz2, liblz4"; then
  cat "$work/log"
  echo "FAILED: a missing library is not named"
  exit 1
fi
[[ $skipped == no ]] || exit 77
echo "four monitors were built and booted hello"
