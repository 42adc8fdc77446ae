#!/bin/bash
# Boots hello under the monitor of examples/, on this machine's KVM, and gives it what is no kernel.
#   monitor_test.sh MONITOR KERNELS_DIR
set -euo pipefail
monitor=$1
kernels=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

expect() {  # EXIT-CODE OUTPUT-LINE ARGUMENT...
  local wanted=$1 line=$2 code=0
  shift 2
  timeout 100 "$monitor" "$@" >"$work/out" 2>&1 </dev/null || code=$?
  tr -d '\r' <"$work/out" >"$work/text"
  [[ $code == "$wanted" ]] || { cat "$work/text"; echo "FAILED: monitor $* ended with $code, not $wanted"; exit 1; }
  grep -qF -- "$line" "$work/text" || { cat "$work/text"; echo "FAILED: monitor $* did not say '$line'"; exit 1; }
}

printf '\177ELF but no more' >"$work/broken"
expect 1 "usage: monitor KERNEL"
expect 1 "No such file or directory" "$work/none"
expect 1 "(NOTE-5)" "$work/broken"
expect 1 "(START-5)" "$kernels/hello64.elf" $'caf\303\251'

if ! { : <>/dev/kvm; } 2>/dev/null; then
  echo "no guest was booted: /dev/kvm cannot be opened here"
  exit 77
fi
for bits in 32 64; do
  expect 0 "Hello from $bits bits" "$kernels/hello$bits.elf" "some words"
  expect 0 "command line: some words" "$kernels/hello$bits.elf" "some words"
  expect 0 "monitor: the guest powered off" "$kernels/hello$bits.elf"
done
# Its output goes nowhere: the monitor goes too, and waits for nobody.
timeout 10 "$monitor" "$kernels/hello64.elf" 2>/dev/null | head -c 1 >/dev/null || true
echo "hello32 and hello64 were booted"
