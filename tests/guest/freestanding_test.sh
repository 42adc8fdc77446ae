#!/bin/sh
# Proves on the archives themselves that the guest library is freestanding, position-independent and small.
#   freestanding_test.sh LIBRARY_64 LIBRARY_32 SMALL_64
# SMALL_64 is the first one, all of it compiled by -Os.
set -u
LC_ALL=C
export LC_ALL
failed=0
defined=$(mktemp) || exit 1
trap 'rm -f "$defined"' EXIT

fail() {
  echo "FAILED: $*" >&2
  failed=1
}

for library in "$1" "$2"; do
  name=$(basename "$library")
  # What no member defines, it must not need, but for the four functions that every compiler assumes.
  nm --defined-only "$library" | awk 'NF == 3 { print $3 }' | sort -u >"$defined"
  wanted=$(nm -u "$library" | awk '$1 == "U" { print $2 }' | sort -u | comm -23 - "$defined" |
    grep -vxE 'memcpy|memmove|memset|memcmp')
  [ -z "$wanted" ] || fail "$name needs $wanted"

  sections=$(readelf -SW "$library" | grep -oE ' \.(data|bss|init_array|ctors|got|eh_frame|tdata|tbss)[^ ]* .*' |
    awk '$5 != "000000" { print $1 }' | sort -u)
  [ -z "$sections" ] || fail "$name has $sections"
done

# Relocations of what is loaded; debug information has others, and no kernel needs it to run.
relocations() { readelf -rW "$1" | awk '/^Relocation section/ { debug = $3 ~ /\.debug/ } !debug' | grep -oE "$2"; }

# 64 bits: only relocations relative to the place they are in; those need no loader wherever the kernel runs.
absolute=$(relocations "$1" 'R_X86_64_[A-Z0-9]+' | grep -vxE 'R_X86_64_(PC32|PLT32)' | sort -u)
[ -z "$absolute" ] || fail "$(basename "$1") has relocations $absolute"
# 32 bits: what a static link resolves, and no global offset table.
table=$(relocations "$2" 'R_386_[A-Z0-9]+' | grep -vxE 'R_386_(32|PC32|PLT32)' | sort -u)
[ -z "$table" ] || fail "$(basename "$2") has relocations $table"

# No SSE, MMX or x87 register is touched (a kernel has not enabled them yet).
for library in "$1" "$2"; do
  objdump -d --no-show-raw-insn "$library" | grep -qE '%(xmm|ymm|mm|st)[0-9(]' && fail "$(basename "$library") uses vector registers"
done

# Text of the reader with the memory map, reservations included: below 6 KiB in 64 bits at -Os.
reader_text() { size "$1" | awk '$6 ~ /^(start_info|reserve|raw_map|memory_map|sort)/ { sum += $1 } END { print sum + 0 }'; }
for library in "$@"; do
  echo "$(basename "$library"): reader and memory map $(reader_text "$library") bytes, all $(size -t "$library" | awk 'END { print $1 }')"
done
text=$(reader_text "$3")
[ "$text" -gt 1000 ] || fail "the members of $(basename "$3") were not found"
[ "$text" -lt 6144 ] || fail "$text bytes of text are more than 6 KiB"

exit $failed
