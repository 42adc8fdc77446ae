#!/bin/bash
# Reads from the linked program that it is hardened (cmake/hardened.cmake). Says every property that is missing.
#   hardened_test.sh PROGRAM static|dynamic [fortified] [sanitized]
set -euo pipefail
program=$1
linked=$2
case " $* " in
  *" sanitized "*)
    echo "this build has sanitizers, which replace the stack protector and fortify: test another build"
    exit 77
    ;;
esac
for tool in readelf objdump; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
done

failed=0
fail() { echo "FAILED: $program: $*"; failed=1; }
header=$(readelf -hW "$program")
segments=$(readelf -lW "$program")
dynamic=$(readelf -dW "$program")

grep -qE '^ +Type: +DYN ' <<<"$header" || fail "type is not DYN: no ASLR"
grep -qE '\(FLAGS_1\).* PIE' <<<"$dynamic" || fail "DT_FLAGS_1 has no PIE"
grep -qE '\(FLAGS_1\).* NOW' <<<"$dynamic" || fail "DT_FLAGS_1 has no NOW: no full RELRO"
grep -qE '^ +GNU_RELRO ' <<<"$segments" || fail "no GNU_RELRO segment"
grep -qE '^ +GNU_STACK .* RW +0x' <<<"$segments" || fail "GNU_STACK is missing or executable"
! grep -E ' RWE +0x' <<<"$segments" || fail "a segment is writable and executable"
if [[ $linked == static ]]; then
  ! grep -qE '^ +INTERP ' <<<"$segments" || fail "a static program has an INTERP segment"
else
  grep -qE '^ +INTERP ' <<<"$segments" || fail "a dynamic program has no INTERP segment"
fi

# A static libc has these calls in any case, so only calls by the project's own functions count.
calls=$(objdump -d --no-show-raw-insn "$program" | awk '
  /^[0-9a-f]+ <.*>:$/ { ours = $2 ~ /^<_ZNK?3pvh/ || $2 ~ /^<_ZNK?12_GLOBAL__N_1/ }
  ours && ($2 == "call" || $2 == "jmp") && $4 ~ /^<__.*_chk(_fail)?(@plt)?>$/ { gsub(/[<>]|@plt/, "", $4); print $4 }' | sort | uniq -c)
grep -q '__stack_chk_fail$' <<<"$calls" || fail "no function of pvh has a stack protector"
if [[ " $* " == *" fortified "* ]]; then
  grep -q '_chk$' <<<"$calls" || fail "no function of pvh has a fortified call"
fi

[[ $failed == 0 ]] || exit 1
echo "$program is hardened; checked calls by its functions:"
echo "$calls"
