#!/bin/sh
# Shows that the run on sparc64 would notice an unaligned access: a planted one must die there of SIGBUS, and the same
# program without it must not.
set -u
for program in sparc64-linux-gnu-gcc qemu-sparc64-static; do
  command -v "$program" >/dev/null || {
    echo "SKIPPED: $program is not installed" >&2
    exit 77
  }
done
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

cat >"$scratch/planted.c" <<'END'
#include <stdint.h>
static unsigned char bytes[16] __attribute__((aligned(8)));
int main(int arguments, char** names) {
  (void)names;
  return (int)*(volatile uint64_t*)(bytes + arguments - 1);
}
END
sparc64-linux-gnu-gcc -O1 -static "$scratch/planted.c" -o "$scratch/planted" || exit 1
cd "$scratch" || exit 1
qemu-sparc64-static ./planted || {
  echo "FAILED: the aligned access died too" >&2
  exit 1
}
# One more argument moves the access by one byte.
qemu-sparc64-static ./planted unaligned >/dev/null 2>&1
status=$?
[ $status -gt 128 ] || {
  echo "FAILED: an unaligned access on sparc64 went through (exit $status)" >&2
  exit 1
}
echo "an unaligned access dies (exit $status)"
