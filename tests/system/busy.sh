#!/bin/sh
# Runs in the machine of scripts/kvm-lab: one run of our own monitor whose guest keeps devices busy, and its end.
# Usage: busy.sh DEVICES END; DEVICES is a word below, END one of busy.py's.
# Prints the line of until_busy, the monitor's standard error, and "@left" where a monitor is still there.
devices=$1 end=$2
null=/sys/kernel/config/nullb/slow

# Each transfer takes 200 ms, so there are always some under way. No memory behind it: what is read or written does not matter.
slow_disk() {
  [ -d /sys/kernel/config/nullb ] || mount -t configfs configfs /sys/kernel/config
  [ -d $null ] && return
  mkdir $null
  for setting in size=16384 irqmode=2 completion_nsec=200000000 power=1; do echo "${setting#*=}" >$null/"${setting%%=*}"; done
}
tap() {
  [ -d /sys/class/net/busy ] && return
  tunctl -t busy >/dev/null
  ip address add 10.9.0.1/24 dev busy
  ip link set busy up
}

before='' words='--no-rng'
case $devices in
  serial) ;;
  console) words='--no-rng --console virtio' ;;
  entropy) words='' ;;
  disk) slow_disk; before='--disk /dev/slow' words='--no-rng --disk /dev/slow' ;;
  disk-threads) slow_disk; before='--no-io_uring --disk /dev/slow' words='--no-rng --disk /dev/slow' ;;
  net) tap; words='--no-rng --net tap=busy' ;;
  user) ip link set lo up; words='--no-rng --net user' ;;
  vsock) words='--no-rng --vsock 42' ;;
  all) slow_disk; tap; before='--disk /dev/slow' words='--disk /dev/slow --net tap=busy --vsock 42 --console virtio' ;;
esac
mkdir -p /dev/pts
[ -e /dev/pts/ptmx ] || mount -t devpts devpts /dev/pts

# A time limit that came before the guest was busy has shown nothing, as on a host with much else to do.
for seconds in 3 10 40; do
  [ "$end" = limit ] || seconds=100
  /until_busy "$end" $before /pvh run /busy.elf --engine kvm -m 16M --append "$end" --timeout $seconds $words >/report 2>/errors
  code=$?
  [ "$end" = limit ] && grep -q ' busy=0 ' /report || break
done
cat /report /errors
left=$(pidof pvh passt passt.avx2)
[ -z "$left" ] || echo "@left $left"
exit $code
