#!/bin/bash
# Runs the ```sh blocks of a page of docs/ in an empty folder, as a reader would, and holds their output to what the page says.
#   page_test.sh SOURCE_DIR BUILD_DIR first-kernel|monitor
set -euo pipefail
source=$(readlink -f "$1")
build=$(readlink -f "$2")
page=$source/docs/$3.md
for tool in qemu-system-x86_64 pkg-config gcc g++; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

blocks() { awk -v fence="^\`\`\`$1\$" '$0 ~ fence { inside = 1; next } /^```$/ { inside = 0 } inside' "$page"; }

# What the page shows of a program, piece by piece, is the program.
if [[ $3 == monitor ]]; then
  diff <(blocks cpp | grep -v '^$') <(grep -v '^$' "$source/examples/monitor/monitor.cpp") ||
    { echo "FAILED: the page shows another program than examples/monitor/monitor.cpp"; exit 1; }
fi

# The page's $PVH has its build in build/; here it may be another build's folder.
mkdir -p "$work/pvh" "$work/empty"
ln -s "$build" "$work/pvh/build"
ln -s "$source/examples" "$work/pvh/examples"
{ echo 'set -euo pipefail; exec </dev/null'; blocks sh; } >"$work/blocks.sh"
(cd "$work/empty" && PVH=$work/pvh PREFIX=$work/prefix timeout 240 bash "$work/blocks.sh") >"$work/out" 2>&1 ||
  { cat "$work/out"; echo "FAILED: a block of the page ended with an error"; exit 1; }

tr -d '\r' <"$work/out" >"$work/text"
wants() {  # COUNT PATTERN
  local seen
  seen=$(grep -cE -- "$2" "$work/text" || true)
  [[ $seen -ge $1 ]] || { cat "$work/text"; echo "FAILED: '$2' was printed $seen times, not $1"; exit 1; }
}
case $3 in
  first-kernel)
    wants 4 '^Hello$'  # pvh run, microvm, q35, and the one with a bug
    wants 1 'powered off'
    wants 1 'exception 6 \(invalid opcode\)'
    wants 1 'ended with 4'
    grep -q 'kernel = "/.*/kernel.elf"' "$work/empty/kernel.cfg"
    ;;
  monitor)
    wants 1 '^monitor: this is no kernel file but a text file\.$'
    wants 1 '^ended with 1$'
    if ! { : <>/dev/kvm; } 2>/dev/null; then
      echo "the page's monitor was built, not run: /dev/kvm cannot be opened here"
      exit 77
    fi
    wants 1 '^Hello from 64 bits$'
    wants 1 '^command line: a word for it$'
    wants 1 '^monitor: the guest powered off$'
    ;;
esac
echo "the page's $(grep -c '^```sh$' "$page") blocks ran"
