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
worn_part() { dd if="$1" bs=64k skip=48 count=4 2>/dev/null | sha256sum | cut -d ' ' -f 1; }
run() {
  words=$1
  shift
  /pvh run "$kernel" --engine kvm --initrd /initrd --append "$command_line $words" -m 192M --timeout 300 "$@" </dev/null
}

case $test in
  works)
    # The third disk gets a file system; Linux throws away what is typed before it listens.
    random_file first 8
    random_file second 6
    random_file third 16
    echo "@host_second $(sum second)"
    while sleep 1; do echo 'hello guest'; done |
      /pvh run "$kernel" --engine kvm --initrd /initrd --append "$command_line pvh.write=vda,vdb pvh.fs=vdc pvh.console=hvc0" -m 192M --timeout 300 \
        --cpus 2 --disk first,serial=number-1 --disk second,ro --disk third --console virtio
    code=$?
    echo "@host_first $(sum first)"
    echo "@host_start $(head -c 4194304 first | sha256sum | cut -d ' ' -f 1)"
    echo "@host_second $(sum second)"
    insmod /loop.ko 2>/dev/null
    losetup /dev/loop0 third && mount -o ro /dev/loop0 /tmp && echo "@host_fs $(sum /tmp/payload)" && umount /tmp
    losetup -d /dev/loop0
    ;;
  faults)
    # Five disks, and a sixth to tell the guest when they have been harmed. Where the first two lie 1 MiB is left for the guest's 4. Behind its 3rd
    # the fourth, a block device, gets 512 sectors that can no longer be read or written: EIO, as a worn-out disk has it. (A loop device makes zeros of
    # what its file has lost.)
    mkdir -p small
    mount -t tmpfs -o size=4m tmpfs small
    random_file small/filling 3
    truncate -s 8M small/full small/behind-loop
    random_file cut 8
    random_file removed 8
    truncate -s 4096 signal
    insmod /loop.ko 2>/dev/null
    losetup /dev/loop0 small/behind-loop
    echo "@host_part $(head -c 3145728 cut | sha256sum | cut -d ' ' -f 1)"
    echo "@host_removed $(sum removed)"
    echo "@host_start $(head -c 3145728 removed | sha256sum | cut -d ' ' -f 1)"
    echo "@host_worn $(worn_part removed)"
    insmod /configfs.ko && insmod /null_blk.ko nr_devices=0 && mount -t configfs configfs /sys/kernel/config
    worn=/sys/kernel/config/nullb/worn
    mkdir $worn && echo 8 >$worn/size && echo 1 >$worn/memory_backed && echo 1 >$worn/power
    dd if=removed of=/dev/worn bs=1M 2>/dev/null
    mkfifo output
    run "pvh.faults=vda,vdb,vdc,vdd,vde,vdf pvh.write=vda,vdb,vdc,vdd" --disk small/full --disk /dev/loop0 --disk cut --disk /dev/worn --disk removed \
      --disk signal >output 2>&1 &
    while read -r line; do
      printf '%s\n' "$line"
      case $line in
        @ready*)
          truncate -s 3M cut
          # What was read stays in memory otherwise.
          echo +6144-6655 >$worn/badblocks
          echo 1 >/proc/sys/vm/drop_caches
          rm removed
          echo done | dd of=signal conv=notrunc 2>/dev/null
          ;;
      esac
    done <output
    wait $!
    code=$?
    echo "@host_cut $(stat -c %s cut)"
    # What could not be written is as it was.
    echo -6144-6655 >$worn/badblocks
    echo 1 >/proc/sys/vm/drop_caches
    echo "@host_worn $(worn_part /dev/worn)"
    echo 0 >$worn/power && rmdir $worn
    losetup -d /dev/loop0
    umount small
    ;;
  killed)
    # As often as NUMBER says: killed at a random moment after the first flush. KERNEL is a Linux, or one that does nothing else and is there at once.
    code=0
    for round in $(seq "$number"); do
      truncate -s 0 disk log
      truncate -s 8M disk
      case $kernel in
        *.elf) /pvh run "$kernel" --engine kvm -m 16M --disk disk </dev/null >log 2>&1 & moments=5 pause=20000 ;;
        *) run pvh.records=vda --disk disk >log 2>&1 & moments=30 pause=200000 ;;
      esac
      waited=0
      while ! grep -q '^@flushed' log && [ $waited -lt 3000 ]; do
        usleep $pause
        waited=$((waited + 1))
      done
      usleep $(($(od -An -N2 -tu2 /dev/urandom) * moments))
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
