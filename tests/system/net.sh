#!/bin/sh
# The host's side of one test of network cards: in the machine of scripts/kvm-lab under our own monitor, or in a network namespace under
# QEMU's devices. Prints what the guest does, and as "@host_…" what is seen from here.
# Usage: net.sh TEST PVH ENGINE KERNEL INITRD PAYLOAD COMMAND_LINE
test=$1 pvh=$2 engine=$3 kernel=$4 initrd=$5 payload=$6 command_line=$7
network=7
guest=10.$network.0.2

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
    sockets tcp-receive 5002 >from-guest &
    from_guest=$!
    {
      await ping -c 1 -W 1 $guest && echo '@host_reached'
      await sockets tcp-send $guest 5001 "$payload" && echo '@host_sent'
    } >seen &
    to_guest=$!
    run pvh.net=$network --net tap=first,mac=02:00:5e:10:00:07 --net tap=second
    code=$?
    # What has not come by now does not come any more.
    usleep 500000
    kill $to_guest $(pidof sockets) 2>/dev/null
    wait $from_guest
    echo "@host_received $(cat from-guest)"
    ;;
  vsock)
    sockets vsock-answer 9999 &
    {
      await sockets vsock-ask 42 9999 'hello guest' && echo '@host_asked'
    } >seen &
    to_guest=$!
    run pvh.vsock=9999 --vsock 42
    code=$?
    kill $to_guest 2>/dev/null
    ;;
  user | cut)
    ip link set lo up
    mkdir -p served && ln -sf "$payload" served/payload
    rm -f served/done  # of the kernel before
    httpd -p 127.0.0.1:8001 -h served
    words=pvh.user=8001
    [ $test = user ] || words="$words pvh.cut=1"
    {
      await timeout 30 wget -q -O fetched http://127.0.0.1:8002/payload && echo "@host_fetched $(sha256sum fetched | cut -d ' ' -f 1)" &&
        if [ $test = user ]; then touch served/done; else kill -9 $(pidof passt passt.avx2) && echo '@host_cut'; fi
    } >seen &
    from_guest=$!
    run "$words" --net user,hostfwd=tcp:127.0.0.1:8002-:80
    code=$?
    kill $from_guest $(pidof httpd) 2>/dev/null
    # What carried the network has ended with its guest.
    [ -z "$(pidof passt passt.avx2)" ] && echo '@host_clean'
    ;;
esac
# Not before the guest's end: in the middle of a line of its own nobody would find it.
cat seen
exit $code
