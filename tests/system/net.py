"""Network cards and sockets, on both engines: Debian's own drivers against QEMU's cards in a network namespace here, and against ours, with and without
vhost, in the machine of nested.py."""

import hashlib
import os
import subprocess
import time
from pathlib import Path

from report import Case, Skip
from stages import BUILDS, command

from . import nested
from .lab import COMMAND_LINE, VSOCK_TOOL, Boot, Lab

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
    digest = hashlib.md5(usedforsecurity=False)
    payload = (lab.work / "payload").read_bytes()
    for part in range(1, 17):
        digest.update(f"{part}\n".encode() + payload)
    return digest.hexdigest()


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


# ---- QEMU's cards ----

def namespace() -> list[str]:
    """A network and its processes apart from the machine's, in which one may make taps."""
    words = ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--mount-proc"]
    done = subprocess.run([*words, "test", "-c", "/dev/net/tun"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Skip(f"NO TAP CAN BE MADE HERE: {done.stderr.strip() or 'there is no /dev/net/tun'}")
    return words


def under_qemu(lab: Lab, kernel: str) -> None:
    apart = namespace()
    work = lab.work / f"net-{kernel}"
    (work / "bin").mkdir(parents=True)
    command("busybox", "--install", "-s", work / "bin")
    words = [*apart, "busybox", "sh", SCRIPT, "tap", lab.pvh, "qemu", lab.kernels[kernel].vmlinuz, lab.network_initrd, lab.work / "payload", COMMAND_LINE]
    start = time.monotonic()
    done = subprocess.run([str(word) for word in words], cwd=work, env=os.environ | {"PATH": f"{work}/bin:{os.environ['PATH']}:/usr/sbin"},
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=700, check=False)
    text = done.stdout.decode(errors="replace").replace("\r", "")
    talks(lab, Boot(done.returncode, text, done.stderr.decode(errors="replace"), time.monotonic() - start))


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
    if os.access("/dev/net/tun", os.R_OK | os.W_OK):
        says(1, "lo is no tap", arguments=("--net", "tap=lo"))


def in_use(lab: Lab) -> None:
    script = ('tunctl -t busy >/dev/null; "$0" run "$1" --engine qemu -m 16M --net tap=busy --timeout 20 >/dev/null & sleep 3; '
              '"$0" run "$1" --engine qemu -m 16M --net tap=busy; code=$?; kill $!; exit $code')
    done = subprocess.run([*namespace(), "busybox", "sh", "-c", script.replace("tunctl", "busybox tunctl"), str(lab.pvh), str(IDLE)],
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1 and "another process has the tap busy" in done.stderr, f"{done.returncode} {done.stderr}"


# ---- our own ----

def module(lab: Lab, path: str) -> Path:
    return lab.kernels[OUTER].modules / "kernel" / f"{path}.ko"


class Ours:
    """What runs in the machine, in this order: vhost comes when it is loaded, and does not go."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.machine = nested.Nested(lab)
        self._cases: list[Case] = []

    def add(self, name: str, test: str, kernel: str, modules: tuple[str, ...]) -> None:
        load = "".join(f"insmod /{Path(path).name}.ko; " for path in modules)
        run = f'rm -f /silence; sh /net.sh {test} /pvh kvm /{kernel} /initrd /payload "{COMMAND_LINE}"'
        self.machine.note(name, ["sh", "-c", load + run],
                          {"pvh": self.lab.pvh, "initrd": self.lab.network_initrd, kernel: lambda: self.lab.kernels[kernel].vmlinuz,
                           "payload": lambda: self.lab.work / "payload", "net.sh": SCRIPT, "vsock": VSOCK_TOOL,
                           **{f"{Path(path).name}.ko": lambda path=path: module(self.lab, path) for path in modules}})
        check = (lambda boot: talks(self.lab, boot)) if test == "tap" else echoes
        self._cases.append(Case(name, lambda: check(self.machine.result(name))))

    def cases(self) -> list[Case]:
        self.add("system/net/kvm/6.1-cloud tap", "tap", "6.1-cloud", TAP)
        self.add("system/net/kvm/6.12-cloud tap", "tap", "6.12-cloud", ())
        self.add("system/net/kvm/6.1-cloud vhost tap", "tap", "6.1-cloud", VHOST_NET)
        self.add("system/net/kvm/6.12-cloud vhost tap", "tap", "6.12-cloud", ())
        self.add("system/net/kvm/6.1-cloud vsock", "vsock", "6.1-cloud", VSOCK)
        self.add("system/net/kvm/6.12-cloud vsock", "vsock", "6.12-cloud", ())
        return self._cases


def cases(lab: Lab, full: bool) -> list[Case]:
    # Minutes each, under two emulations: more than a usual run has.
    ours = Ours(lab).cases() if full else []
    return [
        *ours[:1],  # boots the machine; the others come last, or they would all wait for it together
        *(Case(f"system/net/qemu/{kernel} tap", lambda kernel=kernel: under_qemu(lab, kernel)) for kernel in KERNELS),
        Case("system/net/a tap in use", lambda: in_use(lab)),
        Case("system/net/refused", lambda: refused(lab)),
        *ours[1:],
    ]
