#!/bin/sh
# Compiles the headers of abi/ alone, in every language version that a compiler has, and reads sizes, offsets and
# constants back from the object files (HDR-1, HDR-2). Nothing is run, so any target will do.
#
#   abi_test.sh INCLUDE_DIRECTORY gcc|clang|tcc|pcc|arm|…|assembler|broken-layouts
#
# Exit: 0 passed, 1 failed, 77 the compiler is not installed.
# shellcheck disable=SC2086  # lists of flags are to be split
set -u
LC_ALL=C
export LC_ALL

include=$1
what=$2
here=$(dirname "$0")
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
compiled=0

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

skip() {
  echo "SKIPPED: $* is not installed" >&2
  exit 77
}

one_line() { tr -s ' \n' ' ' | sed 's/^ //; s/ $//'; }

# Written by hand from the ABI, not from the headers: structure by structure size and offsets, then constants.
expected=$(
  one_line <<'END'
56 0 4 8 12 16 24 32 40 48 52
32 0 8 16 24
24 0 8 16 20
51 110 197 120
1 2 3 4 5 6 7
0 0 0 1  0 0 0 2  0 0 0 4  0 0 0 8  0 0 0 16  0 0 255 0
0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 19
1 0 0 1  1 0 0 2  2 0 0 0  2 0 0 1  2 0 0 2  2 0 0 3
END
)

# What layout.c put into the object file $1 that "$2…" made.
check_layout() {
  object=$1
  shift
  marker=$(grep -abo PVH-LAYOUT "$object" | head -n 1 | cut -d: -f1)
  [ -n "$marker" ] || fail "$*: no layout in the object file"
  found=$(od -An -v -tu1 -j $((marker + 10)) -N "$(echo "$expected" | wc -w)" "$object" | one_line)
  [ "$found" = "$expected" ] || fail "$*: the object file says
  $found
instead of
  $expected"
}

# compile COMMAND…: the layout, which includes both headers.
compile() {
  "$@" -I"$include" -c "$here/layout.c" -o "$scratch/layout.o" || fail "$*"
  check_layout "$scratch/layout.o" "$@"
  compiled=$((compiled + 1))
}

# alone LANGUAGE COMMAND…: each header as the only thing in a file, twice, so that its guard works.
alone() {
  language=$1
  shift
  for header in start_info elfnote; do
    printf '#include <pvh/%s.h>\n#include <pvh/%s.h>\nextern int a_declaration;\n' $header $header >"$scratch/alone.$language"
    "$@" -I"$include" -c "$scratch/alone.$language" -o "$scratch/alone.o" || fail "$* with $header.h alone"
    compiled=$((compiled + 1))
  done
}

strict='-pedantic-errors -Wall -Wextra -Werror'

# every_standard C_COMPILER C++_COMPILER FLAGS…
every_standard() {
  c=$1
  cxx=$2
  shift 2
  for standard in c89 c99 c11 c17 c2x; do
    compile "$c" -std=$standard $strict "$@"
  done
  alone c "$c" -std=c89 $strict "$@"
  for standard in c++98 c++11 c++14 c++17 c++20 c++23; do
    compile "$cxx" -x c++ -std=$standard $strict "$@"
  done
  alone cc "$cxx" -std=c++98 $strict -Wold-style-cast -Wconversion -Wshadow -Wcast-align "$@"
}

need() {
  for program in "$@"; do
    command -v "$program" >/dev/null || skip "$program"
  done
}

# For tcc and pcc in 32 bits: glibc's <stdint.h> asks for a file that only its 32-bit package has, and it is empty
# of what we need.
stub_for_32_bits() {
  mkdir -p "$scratch/stub/gnu"
  : >"$scratch/stub/gnu/stubs-32.h"
}

# broken NAME SED_SCRIPT: a copy of start_info.h changed so must not compile, and must be a change.
broken() {
  mkdir -p "$scratch/$1/pvh"
  sed "$2" "$include/pvh/start_info.h" >"$scratch/$1/pvh/start_info.h"
  cmp -s "$include/pvh/start_info.h" "$scratch/$1/pvh/start_info.h" && fail "$1: nothing was broken"
  for command in 'gcc -std=c89' 'gcc -std=c2x -m32 -ffreestanding' 'g++ -x c++ -std=c++98' 'g++ -x c++ -std=c++23'; do
    if echo '#include <pvh/start_info.h>' | $command -xc -I"$scratch/$1" -c -o "$scratch/broken.o" - 2>"$scratch/said"; then
      fail "$1: $command took it"
    fi
    grep -q 'pvh_pin_' "$scratch/said" || fail "$1: $command refused it, but not for a pin: $(cat "$scratch/said")"
    compiled=$((compiled + 1))
  done
}

case $what in
  gcc)
    need gcc g++
    every_standard gcc g++ -m64
    every_standard gcc g++ -m32 -ffreestanding # freestanding: no 32-bit libc is needed
    ;;
  clang)
    need clang-19 clang++-19
    every_standard clang-19 clang++-19 -m64
    every_standard clang-19 clang++-19 -m32 -ffreestanding
    ;;
  tcc)
    need tcc
    stub_for_32_bits
    for standard in c89 c99 c11; do
      compile tcc -std=$standard -Wall -Werror
      compile tcc -m32 -std=$standard -Wall -Werror -I/usr/include/x86_64-linux-gnu -I"$scratch/stub"
    done
    alone c tcc -Wall -Werror
    ;;
  pcc)
    need pcc
    for standard in c89 c99 c11; do
      compile pcc -std=$standard -Wall -Wextra -Werror
    done
    alone c pcc -Wall -Werror
    ;;
  arm)
    need arm-linux-gnueabi-gcc arm-linux-gnueabi-g++
    every_standard arm-linux-gnueabi-gcc arm-linux-gnueabi-g++
    ;;
  m68k | s390x | sparc64 | mips | riscv64 | aarch64 | powerpc64)
    need "$what-linux-gnu-gcc" "$what-linux-gnu-g++"
    every_standard "$what-linux-gnu-gcc" "$what-linux-gnu-g++"
    ;;
  assembler)
    need gcc
    for bits in -m32 -m64; do
      gcc $bits -I"$include" -c "$here/assembled.S" -o "$scratch/assembled.o" || fail "assembling with $bits"
      # namesz, descsz, type, owner, entry, as the bytes of the section
      found=$(objcopy -O binary --only-section=.note.Xen "$scratch/assembled.o" /dev/stdout | od -An -v -tx1 | tr -d ' \n')
      [ "$found" = 04000000040000001200000058656e0000001000 ] || fail "the assembled note is $found"
      compiled=$((compiled + 1))
    done
    ;;
  broken-layouts)
    need gcc g++
    # The "e820" shape that the ABI avoids: 20 bytes, packed.
    broken packed-20-byte-entry '/struct hvm_memmap_table_entry {/,/};/{
      /reserved;/d
      s/struct hvm_memmap_table_entry {/#pragma pack(1)\n&/
    }'
    broken short-start-info '/struct hvm_start_info {/,/};/{
      /reserved;/d
      s/struct hvm_start_info {/#pragma pack(1)\n&/
    }'
    broken misaligned 's/struct hvm_start_info {/#pragma pack(1)\n&\n    uint8_t planted;/'
    broken swapped 's/uint64_t cmdline_paddr; *\/\* 24/uint64_t rsdp_paddr; \/* 24/; s/uint64_t rsdp_paddr; *\/\* 32/uint64_t cmdline_paddr; \/* 32/'
    broken too-wide-a-type '/struct hvm_memmap_table_entry {/,/};/{
      s/uint32_t type;/uint64_t type;/
      /reserved;/d
    }'
    ;;
  *)
    fail "no such compiler: $what"
    ;;
esac

[ $compiled -gt 0 ] || fail "nothing was compiled"
echo "passed: $compiled compilations"
