#!/bin/sh
# Proves on the archives of guest/entry/ that they need nothing but the kernel and the guest library.
#   entry_test.sh ENTRY_64 ENTRY_32 GUEST_64 GUEST_32
set -u
LC_ALL=C
export LC_ALL
failed=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  failed=1
}

check() {  # LIBRARY GUEST_LIBRARY BITS
  name=$(basename "$1")
  nm --defined-only "$1" "$2" | awk 'NF == 3 { print $3 }' | sort -u >"$work/defined"
  # The kernel's main and the linker script's marks are all that is left for others to define.
  nm -u "$1" | awk '$1 == "U" { print $2 }' | sort -u | comm -23 - "$work/defined" |
    grep -vxE 'pvh_main|pvh_init_array_(start|end)' >"$work/wanted"
  [ ! -s "$work/wanted" ] || fail "$name needs $(tr '\n' ' ' <"$work/wanted")"

  # memcpy and its like are there, and weak, so that a kernel's own win.
  for function in memcpy memmove memset memcmp; do
    nm "$1" 2>/dev/null | grep -qE " W $function\$" || fail "$name has no weak $function"
  done
  # A kernel that has its own must not meet these, nor anything else of ours, under a name that it may use itself.
  nm -g --defined-only "$1" 2>/dev/null | awk 'NF == 3 && $2 != "W" { print $3 }' | grep -v '^pvh_' >"$work/names"
  [ ! -s "$work/names" ] || fail "$name defines $(tr '\n' ' ' <"$work/names")"

  objdump -d --no-show-raw-insn "$1" | grep -qE '%(xmm|ymm|mm)[0-9]' && fail "$name uses vector registers"
  readelf -SW "$1" | grep -E ' \.(init_array|ctors|got|eh_frame|tdata|tbss)' | awk '{ print $2 }' | sort -u >"$work/sections"
  [ ! -s "$work/sections" ] || fail "$name has $(tr '\n' ' ' <"$work/sections")"
  nm "$1" 2>/dev/null | grep -qE " T pvh_entry$3\$" || fail "$name has no pvh_entry$3"
}

check "$1" "$3" 64
check "$2" "$4" 32
exit $failed
