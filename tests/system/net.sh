#!/bin/sh
# The host's side of one test of network cards: in the machine of scripts/kvm-lab under our own monitor, or in a network namespace under
# QEMU's devices. Prints what the guest does, and as "@host_…" what is seen from here.
# Usage: net.sh TEST PVH ENGINE KERNEL INITRD PAYLOAD COMMAND_LINE
test=$1 pvh=$2 engine=$3 kernel=$4 initrd=$5 payload=$6 command_line=$7
network=7
guest=10.$network.0.2

much() { for part in $(seq 16); do echo "$part" && cat "$payload"; done; }
sum() { md5sum | cut -d ' ' -f 1; }
# What comes to a port. Its own side stays open: busybox's nc ends with the first end that it sees.
receive() { [ -e silence ] || mkfifo silence; nc -l -p "$1" <>silence | sum; }
send() { much | nc -w 5 $guest 5001; }
# Until the command succeeds.
await() {
  for attempt in $(seq 300); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    usleep 200000
  done
  return 1
}
run() {
  words=$1
  shift
  "$pvh" run "$kernel" --engine "$engine" --initrd "$initrd" --append "$command_line $words" -m 192M --timeout 600 "$@" </dev/null
}

case $test in
  tap)
    for tap in first second; do tunctl -t $tap >/dev/null || exit 1; done
    ip address add 10.$network.0.1/24 dev first
    ip link set first up
    receive 5002 >from-guest &
    from_guest=$!
    {
      await ping -c 1 -W 1 $guest && echo '@host_reached'
      await send && echo '@host_sent'
    } &
    to_guest=$!
    run pvh.net=$network --net tap=first,mac=02:00:5e:10:00:07 --net tap=second
    code=$?
    # What has not come by now does not come any more.
    usleep 500000
    kill $to_guest $(pidof nc) 2>/dev/null
    wait $from_guest
    echo "@host_received $(cat from-guest)"
    ;;
  vsock)
    /vsock answer 9999 &
    {
      await /vsock ask 42 9999 'hello guest' && echo '@host_asked'
    } &
    to_guest=$!
    run pvh.vsock=9999 --vsock 42
    code=$?
    kill $to_guest 2>/dev/null
    ;;
esac
exit $code
