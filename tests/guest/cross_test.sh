#!/bin/sh
# Compiles the reader and its tests for another processor and runs them there, or in QEMU's emulation of it.
#   cross_test.sh ARCHITECTURE SCRATCH_DIRECTORY PROJECT_DIRECTORY SOURCE…
# Exit: 0 passed, 1 failed, 77 the compiler or the emulator is not installed.
# shellcheck disable=SC2086  # lists of flags and files are to be split
set -u
architecture=$1
scratch=$2/cross-$architecture
project=$3
shift 3

triplet=$architecture-linux-gnu
emulator=qemu-$architecture-static
flags=''
case $architecture in
  i386) triplet=i686-linux-gnu emulator='' ;;
  # The soft-float ABI; its compiler remarks on how an old one passed structures.
  arm) triplet=arm-linux-gnueabi flags='-Wno-psabi' ;;
  powerpc64) emulator=qemu-ppc64-static ;;
  # QEMU lets an unaligned access pass where the real machine traps, so the compiler is told to assume none.
  riscv64) flags='-mstrict-align' ;;
  aarch64) flags='-mstrict-align' ;;
esac

for program in $triplet-g++ $triplet-gcc $emulator; do
  command -v "$program" >/dev/null || {
    echo "SKIPPED: $program is not installed" >&2
    exit 77
  }
done

mkdir -p "$scratch" || exit 1
objects=
for source in "$@"; do
  object=$scratch/$(basename "$source").o
  case $source in
    *.c) compiler="$triplet-gcc -std=c99" ;;
    *) compiler="$triplet-g++ -std=c++23" ;;
  esac
  # The tests' own speed does not matter, but the time to compile them does.
  case $source in
    *_test.c* | *plain_main*) optimise=-O0 ;;
    *) optimise=-O2 ;;
  esac
  $compiler $optimise $flags -Wall -Wextra -Werror -DPVH_PLAIN_TESTS -I"$project/abi/include" -I"$project/guest/library/include" \
    -c "$source" -o "$object" || exit 1
  objects="$objects $object"
done
$triplet-g++ -static $objects -o "$scratch/test" || exit 1
$emulator "$scratch/test"
