#!/bin/sh
# Judges start_info.h by the header's clauses (HDR-1 to HDR-5), each by a check of its own, and shows that each check
# finds its fault and no other's. What a header can only say of the bytes (HDR-5) is judged by its reader, in GUEST, on a
# big-endian processor.
#
#   clauses.sh judge ABI GUEST              prints "HDR-2 broken: …" for each clause that is; ABI has include/pvh/start_info.h
#   clauses.sh planted ABI GUEST CLAUSES    plants a fault for each HDR clause in CLAUSES, the file with their list
#
# Exit: 0 nothing is broken, or each planted fault was found; 1 not so; 77 all that could be judged, but there is no
# compiler or emulator for the big-endian processor.
set -u
LC_ALL=C
export LC_ALL

here=$0
mode=$1
abi=$2
guest=$3
include=$abi/include
tests=$(dirname "$0")
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

# The header without comments: what a compiler sees of it.
code_of() { gcc -fpreprocessed -dD -E -P -x c "$1" 2>/dev/null; }

# compiles COMMAND…: says nothing, or what is wrong.
compiles() {
  printf '#include <pvh/start_info.h>\nextern int a_declaration;\n' | "$@" -I"$include" -fsyntax-only - 2>&1
}

# A layout that a pin refuses is another clause's.
plain_c() {
  for words in 'gcc -std=c89' 'gcc -std=c2x' 'g++ -std=c++98' 'g++ -std=c++23'; do
    case $words in g++*) language=c++ ;; *) language=c ;; esac
    # shellcheck disable=SC2086  # a command and its options
    said=$(compiles $words -x $language -pedantic-errors -Wall -Wextra -Werror | grep 'error:' | grep -v -e pvh_pin_ -e PVH_PIN -e "of '-1' from")
    [ -z "$said" ] || echo "$words: $said"
  done
  grep -nE '__attribute__|#[[:space:]]*pragma|\benum\b|_Bool|\bbool\b|:[[:space:]]*[0-9]+[[:space:]]*;' "$scratch/code"
  sed -n '/^struct/,/^};/p' "$scratch/code" | grep -F '*'
}

layout() {
  for bits in -m64 -m32; do
    compiles gcc $bits -ffreestanding -std=c99 -x c | grep -e pvh_pin_ -e PVH_PIN | head -n 1
  done
}

neutral() { grep -niE '\b[a-z0-9_]*(x86|i386|amd64|ia32)[a-z0-9_]*\b' "$scratch/code"; }

own_types() {
  grep -niE '\b[a-z0-9_]*e820[a-z0-9_]*\b' "$scratch/code"
  number=0
  for name in RAM RESERVED ACPI NVS UNUSABLE DISABLED PMEM; do
    number=$((number + 1))
    grep -qE "#define XEN_HVM_MEMMAP_TYPE_$name +$number\$" "$scratch/code" || echo "no XEN_HVM_MEMMAP_TYPE_$name $number"
  done
}

can_run_big_endian() { command -v s390x-linux-gnu-g++ >/dev/null && command -v qemu-s390x-static >/dev/null; }

little_endian() {
  can_run_big_endian || return
  s390x-linux-gnu-g++ -static -O1 -std=c++23 -I"$include" -I"$guest/include" "$guest/start_info.cpp" "$guest/raw_map.cpp" \
    "$guest/memory_map.cpp" "$guest/sort.cpp" "$tests/little_endian.cpp" -o "$scratch/little_endian" 2>&1 || return
  qemu-s390x-static "$scratch/little_endian" 2>&1
}

# report CLAUSE CHECK
report() {
  said=$("$2" | tr '\n' ' ' | cut -c1-200)
  [ -z "$said" ] || echo "$1 broken: $said"
}

judge() {
  code_of "$include/pvh/start_info.h" >"$scratch/code"
  report HDR-1 plain_c
  report HDR-2 layout
  report HDR-3 neutral
  report HDR-4 own_types
  # A layout that is wrong is wrong here too, and another clause's.
  [ -n "$(layout)" ] || report HDR-5 little_endian
}

# The file, in ABI or GUEST, that a clause's fault is planted in.
faulty_file() {
  case $1 in
    HDR-5) echo guest/decode.hpp ;;
    *) echo abi/include/pvh/start_info.h ;;
  esac
}

# fault CLAUSE: the sed script that plants it; nothing where there is none.
fault() {
  case $1 in
    HDR-1) printf '%s\n' 's/^struct hvm_modlist_entry {/struct __attribute__((aligned(8))) hvm_modlist_entry {/' ;;
    HDR-2) printf '%s\n' 's/  uint64_t rsdp_paddr; /  uint32_t rsdp_paddr; uint32_t planted; /' ;;
    HDR-3) printf '%s\n' 's/^#define XEN_HVM_START_MAGIC_VALUE .*/&\n#define XEN_X86_START_MAGIC_VALUE XEN_HVM_START_MAGIC_VALUE/' ;;
    HDR-4) printf '%s\n' 's/^#define XEN_HVM_MEMMAP_TYPE_RAM .*/&\n#define E820_TYPE_RAM XEN_HVM_MEMMAP_TYPE_RAM/' ;;
    # Numbers as the machine has them: right wherever the kernel and its producer agree by chance.
    HDR-5) printf '%s\n' 's/__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__/true/' ;;
  esac
}

planted() {
  clauses=$(grep -oE '\bkHdr[0-9]+' "$1" | sort -u | sed 's/kHdr/HDR-/')
  [ -n "$clauses" ] || { echo "FAILED: no HDR clauses in $1"; return 1; }
  wrong=$(sh "$here" judge "$abi" "$guest")
  [ -z "$wrong" ] || { echo "FAILED: $wrong"; return 1; }
  left_out=0
  for clause in $clauses; do
    script=$(fault "$clause")
    [ -n "$script" ] || { echo "FAILED: no fault is planted for $clause"; return 1; }
    if [ "$clause" = HDR-5 ] && ! can_run_big_endian; then
      echo "SKIPPED: HDR-5: s390x-linux-gnu-g++ or qemu-s390x-static is not installed" >&2
      left_out=77
      continue
    fi
    mkdir -p "$scratch/$clause/abi" "$scratch/$clause/guest"
    cp -r "$abi/include" "$scratch/$clause/abi/" && cp -r "$guest/include" "$guest"/*.?pp "$scratch/$clause/guest/" || return 1
    spoiled=$scratch/$clause/$(faulty_file "$clause")
    sed "$script" "$spoiled" >"$scratch/spoiled"
    cmp -s "$scratch/spoiled" "$spoiled" && { echo "FAILED: $clause: nothing was changed"; return 1; }
    mv "$scratch/spoiled" "$spoiled"
    found=$(sh "$here" judge "$scratch/$clause/abi" "$scratch/$clause/guest" | cut -d' ' -f1 | tr '\n' ' ')
    [ "$found" = "$clause " ] || { echo "FAILED: the fault planted for $clause was found as: $found"; return 1; }
    echo "$clause: found, and no other"
  done
  return $left_out
}

case $mode in
  judge)
    judge >"$scratch/said"
    cat "$scratch/said"
    [ ! -s "$scratch/said" ]
    ;;
  planted) planted "$4" ;;
  *) echo "what is '$mode'?" >&2; exit 1 ;;
esac
