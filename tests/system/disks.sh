#!/bin/sh
# Runs in the machine of scripts/kvm-lab: one test of disks under our own monitor, on files of this machine's. Prints what the guest does, and
# as "@host_…" what is in the files.
# Usage: disks.sh TEST KERNEL COMMAND_LINE [NUMBER]
test=$1 kernel=$2 command_line=$3 number=${4:-0}
work=/disks
mkdir -p $work
mount -t tmpfs -o size=64m tmpfs $work
cd $work || exit 1

sum() { sha256sum "$1" | cut -d ' ' -f 1; }
random_file() { dd if=/dev/urandom of="$1" bs=1M count="$2" 2>/dev/null; }
run() {
  words=$1
  shift
  /pvh run "$kernel" --engine kvm --initrd /initrd --append "$command_line $words" -m 192M --timeout 120 "$@" </dev/null
}

case $test in
  two)
    random_file first 8
    random_file second 6
    echo "@host_second $(sum second)"
    run pvh.write=vda --cpus 2 --disk first,serial=number-1 --disk second,ro
    code=$?
    echo "@host_first $(sum first)"
    echo "@host_start $(head -c 4194304 first | sha256sum | cut -d ' ' -f 1)"
    echo "@host_second $(sum second)"
    ;;
  console)
    # Linux throws away what comes before it listens.
    while sleep 1; do echo 'hello guest'; done |
      /pvh run "$kernel" --engine kvm --initrd /initrd --append "$command_line pvh.console=hvc0" --console virtio -m 192M --timeout 120
    code=$?
    ;;
  fs)
    random_file disk 16
    run pvh.fs=vda --disk disk
    code=$?
    insmod /loop.ko
    losetup /dev/loop0 disk && mount -o ro /dev/loop0 /tmp && echo "@host_fs $(sum /tmp/payload)" && umount /tmp
    losetup -d /dev/loop0
    ;;
  read-only)
    random_file disk 6
    echo "@host_before $(sum disk)"
    run pvh.write=vda --disk disk,ro
    code=$?
    echo "@host_after $(sum disk)"
    ;;
  full)
    # The guest's 4 MiB have no place: 2 MiB are left, and the disk is all hole.
    random_file filling 62
    truncate -s 8M disk
    run pvh.write=vda --disk disk
    code=$?
    ;;
  failing)
    # A block device that takes all that it is given and then, flushed, cannot keep it: its own file has no room.
    random_file filling 62
    truncate -s 8M hole
    insmod /loop.ko
    losetup /dev/loop0 hole
    run pvh.write=vda --disk /dev/loop0
    code=$?
    losetup -d /dev/loop0
    ;;
  killed)
    # As often as NUMBER says: killed at a random moment after the first flush.
    code=0
    for round in $(seq "$number"); do
      truncate -s 0 disk log
      truncate -s 8M disk
      run pvh.records=vda --disk disk >log 2>&1 &
      waited=0
      while ! grep -q '^@flushed 0' log && [ $waited -lt 600 ]; do
        usleep 100000
        waited=$((waited + 1))
      done
      usleep $(($(od -An -N2 -tu2 /dev/urandom) * 30))
      kill -9 "$(pidof pvh)"
      wait
      # The last line may be cut: what it says was not said.
      last=$(tr -d '\r' <log | sed -n 's/^@flushed \([0-9]*\)$/\1/p' | tail -n 1)
      [ -n "$last" ] || { tail -n 5 log; code=1; last=-1; }
      wrong=$(head -c $(((last + 1) * 512)) disk | awk '$1 != "record" || $2 != NR - 1' | wc -l)
      echo "@host_killed $round $((last + 1)) $wrong"
    done
    ;;
esac

cd /
umount $work
exit $code
