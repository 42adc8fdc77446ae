#!/bin/sh
# Judges start_info.h by the header's clauses (HDR-1 to HDR-4), each by a check of its own, and shows that each check
# finds its fault and no other's.
#
#   clauses.sh judge INCLUDE_DIRECTORY              prints "HDR-2 broken: …" for each clause that is
#   clauses.sh planted INCLUDE_DIRECTORY CLAUSES    plants a fault for each HDR clause in CLAUSES, the file with their list
#
# Exit: 0 nothing is broken, or each planted fault was found; 1 not so.
set -u
LC_ALL=C
export LC_ALL

here=$0
mode=$1
include=$2
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
}

# fault CLAUSE: the sed script that plants it; nothing where there is none.
fault() {
  case $1 in
    HDR-1) printf '%s\n' 's/^struct hvm_modlist_entry {/struct __attribute__((aligned(8))) hvm_modlist_entry {/' ;;
    HDR-2) printf '%s\n' 's/  uint64_t rsdp_paddr; /  uint32_t rsdp_paddr; uint32_t planted; /' ;;
    HDR-3) printf '%s\n' 's/^#define XEN_HVM_START_MAGIC_VALUE .*/&\n#define XEN_X86_START_MAGIC_VALUE XEN_HVM_START_MAGIC_VALUE/' ;;
    HDR-4) printf '%s\n' 's/^#define XEN_HVM_MEMMAP_TYPE_RAM .*/&\n#define E820_TYPE_RAM XEN_HVM_MEMMAP_TYPE_RAM/' ;;
  esac
}

# Why a clause has no fault of the header's: the same words are in conform/clauses.cpp.
excused() { [ "$1" = HDR-5 ]; }

planted() {
  clauses=$(grep -oE '\bkHdr[0-9]+' "$1" | sort -u | sed 's/kHdr/HDR-/')
  [ -n "$clauses" ] || { echo "FAILED: no HDR clauses in $1"; return 1; }
  wrong=$(sh "$here" judge "$include")
  [ -z "$wrong" ] || { echo "FAILED: $wrong"; return 1; }
  for clause in $clauses; do
    excused "$clause" && continue
    script=$(fault "$clause")
    [ -n "$script" ] || { echo "FAILED: no fault is planted for $clause"; return 1; }
    mkdir -p "$scratch/$clause/pvh"
    sed "$script" "$include/pvh/start_info.h" >"$scratch/$clause/pvh/start_info.h"
    cmp -s "$include/pvh/start_info.h" "$scratch/$clause/pvh/start_info.h" && { echo "FAILED: $clause: nothing was changed"; return 1; }
    found=$(sh "$here" judge "$scratch/$clause" | cut -d' ' -f1 | tr '\n' ' ')
    [ "$found" = "$clause " ] || { echo "FAILED: the fault planted for $clause was found as: $found"; return 1; }
    echo "$clause: found, and no other"
  done
}

case $mode in
  judge)
    judge >"$scratch/said"
    cat "$scratch/said"
    [ ! -s "$scratch/said" ]
    ;;
  planted) planted "$3" ;;
  *) echo "what is '$mode'?" >&2; exit 1 ;;
esac
