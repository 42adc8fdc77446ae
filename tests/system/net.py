"""Network cards and sockets, on both engines: Debian's own drivers against QEMU's cards in a network namespace here, and against ours, with and without
vhost, in the machine of nested.py."""

import os
import shutil
import socket
import subprocess
import time
import zlib
from pathlib import Path

from report import Case, Skip
from stages import BUILDS, command

from . import nested
from .lab import COMMAND_LINE, SOCKETS_TOOL, Boot, Lab, needs_kvm

KERNELS = ("6.1-cloud", "6.12-cloud")
MAC = "02:00:5e:10:00:07"
SCRIPT = Path(__file__).parent / "net.sh"
OUTER = "6.1-cloud"
# Of the outer machine, in the order in which they are loaded; nothing is said of vhost before it is wanted.
TAP = ("drivers/net/tun",)
VHOST_NET = ("drivers/net/tap", "drivers/vhost/vhost_iotlb", "drivers/vhost/vhost", "drivers/vhost/vhost_net")
VSOCK = ("net/vmw_vsock/vsock", "net/vmw_vsock/vmw_vsock_virtio_transport_common", "drivers/vhost/vhost_vsock")


def much_sum(lab: Lab) -> str:
    """Of what goes each way: 64 MiB and a little."""
    payload = (lab.work / "payload").read_bytes()
    sum_ = 0
    for part in range(1, 17):
        sum_ = zlib.crc32(payload, zlib.crc32(f"{part}\n".encode(), sum_))
    return f"{sum_:08x}"


# ---- what holds on either engine ----

def talks(lab: Lab, boot: Boot) -> None:
    boot.must_reach_user_space().must_end_with(0)
    cards = [line.split(" ") for line in boot.facts["card"]]
    assert [name for name, *_ in cards] == ["eth0", "eth1"] and cards[0][1] == MAC, f"the guest's cards: {cards}"
    assert cards[1][1].startswith("02:") and cards[1][1] != MAC, cards
    assert len(boot.facts.get("reached", [])) == 2, f"the host was not reached, or not after a reset\n{boot.story()}"
    assert "host_reached" in boot.facts and "host_sent" in boot.facts and "sent" in boot.facts, boot.story()
    assert boot.fact("received") == boot.fact("host_received") == much_sum(lab), boot.story()


def echoes(boot: Boot) -> None:
    boot.must_reach_user_space().must_end_with(0)
    assert boot.fact("asked") == "hello host" and "answered" in boot.facts and "host_asked" in boot.facts, boot.story()


def serves(lab: Lab, boot: Boot) -> None:
    """What came by HTTP from this host's loopback, and from the guest to there."""
    boot.must_reach_user_space().must_end_with(0)
    assert boot.fact("leased") == "10.0.2.15/24 10.0.2.2", boot.story()
    assert boot.fact("fetched") == boot.fact("host_fetched") == lab.payload_sum, boot.story()
    assert "host_clean" in boot.facts, f"passt outlived its guest\n{boot.story()}"


def goes_on(lab: Lab, boot: Boot) -> None:
    """passt was killed while the guest ran: an unplugged cable there, one line here."""
    boot.must_reach_user_space().must_end_with(0)
    assert boot.fact("fetched") == boot.fact("host_fetched") == lab.payload_sum, boot.story()
    assert "host_cut" in boot.facts and "unplugged" in boot.facts, f"the guest did not see it\n{boot.story()}"
    assert boot.output.count("network 0 is cut off: passt ended") == 1, boot.story()


CHECKS = {"tap": talks, "vsock": lambda _, boot: echoes(boot), "user": serves, "cut": goes_on}


# ---- QEMU's cards ----

def namespace(needs: str = "/dev/net/tun") -> list[str]:
    """A network and its processes apart from the machine's, in which one may make taps."""
    words = ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--mount-proc"]
    done = subprocess.run([*words, "test", "-c", needs], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Skip(f"NO NETWORK CAN BE MADE HERE: {done.stderr.strip() or f'there is no {needs}'}")
    return words


def passt() -> Path:
    found = shutil.which("passt")
    if found is None:
        raise Skip("PASST IS NOT HERE: apt-get install passt brings it")
    return Path(found).resolve()


def under_qemu(lab: Lab, kernel: str, test: str) -> None:
    apart = namespace("/dev/null" if test == "user" else "/dev/net/tun")
    if test == "user":
        passt()
    work = lab.work / f"net-{kernel}-{test}"
    (work / "bin").mkdir(parents=True)
    command("busybox", "--install", "-s", work / "bin")
    (work / "bin" / "sockets").symlink_to(SOCKETS_TOOL)
    words = [*apart, "busybox", "sh", SCRIPT, test, lab.pvh, "qemu", lab.kernels[kernel].vmlinuz, lab.network_initrd, lab.work / "payload", COMMAND_LINE]
    start = time.monotonic()
    done = subprocess.run([str(word) for word in words], cwd=work, env=os.environ | {"PATH": f"{work}/bin:{os.environ['PATH']}:/usr/sbin"},
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=700, check=False)
    text = done.stdout.decode(errors="replace").replace("\r", "")
    CHECKS[test](lab, Boot(done.returncode, text, done.stderr.decode(errors="replace"), time.monotonic() - start))


# ---- what is refused ----

IDLE = BUILDS["release"] / "kernels" / "idle.elf"


def refused(lab: Lab) -> None:
    def says(code: int, *words: str, arguments: tuple[str, ...]) -> None:
        done = lab.call("run", IDLE, "-m", "16M", "--timeout", "1", *arguments)
        assert done.returncode == code and all(word in done.stderr for word in words), f"{arguments}: {done.returncode} {done.stderr}"

    says(1, "no interface no-such-tap", arguments=("--net", "tap=no-such-tap"))
    says(2, "such a long name", arguments=("--net", "tap=a-name-too-long-"))
    says(2, "MAC", arguments=("--net", "tap=lo,mac=01:00:00:00:00:01"))
    for cid in ("0", "1", "2", "4294967295"):
        says(2, "reserved", arguments=("--vsock", cid))
    if not Path("/dev/vhost-vsock").exists():
        says(1, "/dev/vhost-vsock", "modprobe vhost_vsock", arguments=("--vsock", "42"))
    says(2, "begin with user, or with tap=", arguments=("--net", "users"))
    says(2, "ports are numbers", arguments=("--net", "user,hostfwd=0-80"))
    says(2, "names it twice", arguments=("--net", "user,hostfwd=8080-80,hostfwd=8080-81"))
    if os.access("/dev/net/tun", os.R_OK | os.W_OK):
        says(1, "lo is no tap", arguments=("--net", "tap=lo"))


def in_use(lab: Lab) -> None:
    script = ('tunctl -t busy >/dev/null; "$0" run "$1" --engine qemu -m 16M --net tap=busy --timeout 20 >/dev/null & sleep 3; '
              '"$0" run "$1" --engine qemu -m 16M --net tap=busy; code=$?; kill $!; exit $code')
    done = subprocess.run([*namespace(), "busybox", "sh", "-c", script.replace("tunctl", "busybox tunctl"), str(lab.pvh), str(IDLE)],
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1 and "another process has the tap busy" in done.stderr, f"{done.returncode} {done.stderr}"


# ---- the process behind a user-mode network ----

def user(lab: Lab, engine: str, *words: str, under: tuple[str, ...] = (), **options) -> subprocess.CompletedProcess:
    words = (*under, lab.pvh, "run", IDLE, "-m", "16M", "--engine", engine, "--timeout", "2", "--net", *words)
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120, check=False, **options)


def user_network_refused(lab: Lab) -> None:
    """What stands in its way on this host is told before a guest starts."""
    passt()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = user(lab, "qemu", f"user,hostfwd={port}-80")
        assert done.returncode == 1 and f"TCP port {port} of 127.0.0.1: something else listens" in done.stderr, done.stderr
    done = user(lab, "qemu", "user,hostfwd=192.0.2.77:8080-80")
    assert done.returncode == 1 and "hostfwd cannot have TCP port 8080 of 192.0.2.77" in done.stderr, done.stderr
    nowhere = lab.work / "empty"
    nowhere.mkdir()
    done = user(lab, "qemu", "user", env=os.environ | {"PATH": str(nowhere)})
    assert done.returncode == 1 and "apt-get install passt" in done.stderr, done.stderr
    apart = namespace("/dev/null")
    done = user(lab, "qemu", "user", under=(*apart, "sh", "-c", 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$0" "$@"'))
    assert done.returncode == 1 and "passt ended: " in done.stderr and "namespace" in done.stderr, done.stderr
    under = (*apart, "setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service")
    done = user(lab, "qemu", "user,hostfwd=80-80", under=under)
    assert done.returncode == 1 and "everybody's" in done.stderr, done.stderr


def few_descriptors(lab: Lab) -> None:
    """Each limit that does not do is a sentence that names it, whoever met it."""
    passt()
    most = 8
    while (done := user(lab, "qemu", "user", under=("prlimit", f"--nofile={most}"))).returncode != 4:
        assert done.returncode == 1 and "Invalid argument" not in done.stderr and most < 200, f"{most}: {done.returncode} {done.stderr}"
        assert "Too many open files" in done.stderr or "passt ended" in done.stderr, f"{most}: {done.stderr}"
        most += 1


def nothing_is_left(lab: Lab, engine: str) -> None:
    """Neither after a guest's end nor after the monitor's by `kill -9`."""
    passt()
    if engine == "kvm":
        needs_kvm()
    script = ('"$0" "$@" --timeout 2 >/dev/null; "$0" "$@" --timeout 60 >/dev/null & sleep 4; pidof passt passt.avx2 >/dev/null && echo was-there; kill -9 $!; '
              'for i in 1 2 3 4 5 6 7 8 9 10; do pidof passt passt.avx2 >/dev/null || exec echo clean; sleep 1; done')
    words = [*namespace("/dev/null"), "busybox", "sh", "-c", script.replace("pidof", "busybox pidof"),
             lab.pvh, "run", IDLE, "-m", "16M", "--engine", engine, "--net", "user,hostfwd=8080-80"]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=180, check=False)
    assert done.stdout.split() == ["was-there", "clean"] and done.stderr.count("time limit") == 1, f"{done.stdout} {done.stderr}"


# ---- our own ----

# passt leaves its root, which Linux's first one does not allow, and is nobody's; it is linked to the C library.
PASST_NEEDS = ("/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6")
OTHER_ROOT = 'mkdir -p /root; mount --rbind / /root; cd /root; mount --move . /; exec chroot . sh -c "$0"'


def module(lab: Lab, path: str) -> Path:
    return lab.kernels[OUTER].modules / "kernel" / f"{path}.ko"


def users_file(lab: Lab) -> Path:
    path = lab.work / "passwd"
    path.write_text("nobody:x:65534:65534:nobody:/:/bin/false\n", encoding="ascii")
    return path


class Ours:
    """What runs in the machine, in this order: vhost comes when it is loaded, and does not go."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.machine = nested.Nested(lab, "net")
        self._cases: list[Case] = []

    def add(self, kernel: str, what: str, test: str, modules: tuple[str, ...] = ()) -> None:
        name = f"system/net/kvm/{kernel} {what}"
        load = "".join(f"insmod /{Path(path).name}.ko; " for path in modules)
        run = f"sh /net.sh {test} /pvh kvm /{kernel} /initrd /payload '{COMMAND_LINE}'"
        by_passt = test in ("user", "cut")
        words = ["unshare", "-m", "sh", "-c", OTHER_ROOT, run] if by_passt else ["sh", "-c", load + run]
        files = {"pvh": self.lab.pvh, "initrd": self.lab.network_initrd, kernel: lambda: self.lab.kernels[kernel].vmlinuz,
                 "payload": lambda: self.lab.work / "payload", "net.sh": SCRIPT, "bin/sockets": SOCKETS_TOOL,
                 **{f"{Path(path).name}.ko": lambda path=path: module(self.lab, path) for path in modules}}
        if by_passt:
            files |= {"bin/passt": passt, "etc/passwd": lambda: users_file(self.lab), **{path[1:]: Path(path) for path in PASST_NEEDS}}
        self.machine.note(name, words, files)
        self._cases.append(Case(name, lambda: CHECKS[test](self.lab, self.machine.result(name))))

    def cases(self, full: bool) -> list[Case]:
        for kernel in KERNELS if full else KERNELS[:1]:
            self.add(kernel, "tap", "tap", TAP if kernel == KERNELS[0] else ())
        for kernel in KERNELS if full else KERNELS[:1]:
            self.add(kernel, "vhost tap", "tap", VHOST_NET if kernel == KERNELS[0] else ())
            self.add(kernel, "vsock", "vsock", VSOCK if kernel == KERNELS[0] else ())
            if shutil.which("passt"):
                self.add(kernel, "user", "user")
                self.add(kernel, "user, cut off", "cut")
            else:
                self._cases.append(Case(f"system/net/kvm/{kernel} user", lambda: passt() and None))
        return self._cases


def cases(lab: Lab, full: bool) -> list[Case]:
    # One kernel of the two in the machine that is emulated twice: that the drivers are different shows under QEMU.
    return [
        *nested.in_turn(Ours(lab).cases(full)),
        *(Case(f"system/net/qemu/{kernel} {test}", lambda kernel=kernel, test=test: under_qemu(lab, kernel, test))
          for kernel in KERNELS for test in ("tap", "user")),
        Case("system/net/a tap in use", lambda: in_use(lab)),
        Case("system/net/refused", lambda: refused(lab)),
        Case("system/net/user/refused", lambda: user_network_refused(lab)),
        Case("system/net/user/with few descriptors", lambda: few_descriptors(lab)),
        *(Case(f"system/net/user/nothing is left ({engine})", lambda engine=engine: nothing_is_left(lab, engine)) for engine in ("kvm", "qemu")),
    ]
