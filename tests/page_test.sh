#!/bin/bash
# Runs the ```sh blocks of docs/first-kernel.md in an empty folder, as a reader would, and holds their output to what the page says.
#   page_test.sh SOURCE_DIR BUILD_DIR
set -euo pipefail
page=$(readlink -f "$1")/docs/first-kernel.md
build=$(readlink -f "$2")
for tool in qemu-system-x86_64 pkg-config gcc; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

{
  echo 'set -euo pipefail; exec </dev/null'
  awk '/^```sh$/ { inside = 1; ++block; print "echo \"== block " block "\""; next } /^```$/ { inside = 0 } inside' "$page"
} >"$work/blocks.sh"

# The page's $PVH has its build in build/; here it may be another build's folder.
mkdir -p "$work/pvh" "$work/empty"
ln -s "$build" "$work/pvh/build"
(cd "$work/empty" && PVH=$work/pvh PREFIX=$work/prefix timeout 120 bash "$work/blocks.sh") >"$work/out" 2>&1 ||
  { cat "$work/out"; echo "FAILED: a block of the page ended with an error"; exit 1; }

tr -d '\r' <"$work/out" >"$work/text"
wants() {  # COUNT PATTERN
  local seen
  seen=$(grep -cE -- "$2" "$work/text" || true)
  [[ $seen -ge $1 ]] || { cat "$work/text"; echo "FAILED: '$2' was printed $seen times, not $1"; exit 1; }
}
wants 4 '^Hello$'  # pvh run, microvm, q35, and the one with a bug
wants 1 'powered off'
wants 1 'exception 6 \(invalid opcode\)'
wants 1 'ended with 4'
grep -q 'kernel = "/.*/kernel.elf"' "$work/empty/kernel.cfg"
echo "$(grep -c '^== block' "$work/text") blocks ran"
