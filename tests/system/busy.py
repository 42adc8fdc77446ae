"""Every end of a run, crossed with every device at work, sandbox on, by our own monitor in the machine of nested.py. Whatever a device begins must be ended
by a thread whose filter of system calls allows it. The guest (kernels/busy.c) keeps the devices busy; until_busy.c ends the run and reports how it ended.
On this machine's own KVM: time limits at random moments, on a plain file."""

import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from report import Case
from stages import BUILDS

from . import nested
from .endings import CRASHED, POWER_OFF, REBOOT, TIME_LIMIT
from .lab import Boot, Lab, needs_kvm
from .net import OTHER_ROOT, PASST_NEEDS, TAP, VHOST_NET, VSOCK, module, passt, users_file

BUSY = BUILDS["release"] / "kernels" / "busy.elf"
UNTIL_BUSY = BUILDS["release"] / "tests" / "until_busy"
SCRIPT = Path(__file__).parent / "busy.sh"
DISK_MODULES = ("fs/configfs/configfs", "drivers/block/null_blk/null_blk")
LIMIT = 120  # seconds in the machine: an end takes one or two

# What ends the run: the exit code, and how the ending line begins.
ENDS = {
    "limit": (TIME_LIMIT, "the time limit ended the guest after "),
    "term": (128 + 15, "ended by SIGTERM after "),
    "keys": (POWER_OFF, "ended by Ctrl-A x after "),
    "off": (POWER_OFF, "the guest powered off after "),
    "reset": (REBOOT, "the guest asked for a reboot after "),
    "triple": (CRASHED, "the guest crashed (triple fault) after "),
    "panic": (CRASHED, "the guest panicked after "),
}


@dataclass(frozen=True)
class Row:
    """Devices at work. `uses`: the devices of the host's kernel that the monitor must have open while they are."""

    name: str
    script: str  # the word of busy.sh
    uses: str = ""
    modules: tuple[str, ...] = ()  # which the machine loads before the row's first run
    by_passt: bool = False


# vhost comes when it is loaded and does not go, so the rows without it are first.
ROWS = (
    Row("serial console", "serial"),
    Row("virtio console", "console"),
    Row("entropy", "entropy"),
    Row("disk by io_uring", "disk", "io_uring", DISK_MODULES),
    Row("disk by threads", "disk-threads"),
    Row("network at a tap", "net", modules=TAP),
    Row("network by vhost", "net", "vhost-net", VHOST_NET),
    Row("network by passt", "user", by_passt=True),
    Row("sockets", "vsock", "vhost-vsock", VSOCK),
    Row("all at once", "all", "io_uring,vhost-net,vhost-vsock"),
)


def ended(boot: Boot) -> dict[str, str]:
    boot.must_end_with(0)
    return dict(word.split("=", 1) for word in boot.fact("ended").split(" "))


def ends_well(row: Row, end: str, boot: Boot) -> None:
    code, words = ENDS[end]
    how = ended(boot)
    said = [line for line in boot.output.splitlines() if line.strip() and not line.startswith(("@", "     "))]
    assert how["code"] == str(code), f"exit code {how['code']}, not {code}\n{boot.story()}"
    assert len(said) == 1 and said[0].startswith(f"pvh: {words}"), f"the ending line is {said}\n{boot.story()}"
    assert how["busy"] == "1", f"the devices had done nothing\n{boot.story()}"
    if end != "limit":  # which may end a run at the moment at which the guest is busy
        assert how["uses"] == row.uses, f"{how['uses']!r} was in use, not {row.uses!r}\n{boot.story()}"
    assert how["terminal"] == "kept", f"the terminal's settings are not what they were\n{boot.story()}"
    assert how["lock"] == "free", f"the disk is still locked\n{boot.story()}"
    assert "left" not in boot.facts, f"a process is left\n{boot.story()}"


class Ours:
    """The table's cells, in the order in which the machine runs them."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.machine = nested.Nested(lab, "busy")
        self._cases: list[Case] = []

    def add(self, row: Row, end: str, modules: tuple[str, ...]) -> None:
        name = f"system/busy/{row.name}/{end}"
        if row.by_passt and not shutil.which("passt"):
            self._cases.append(Case(name, lambda: passt() and None))
            return
        load = "".join(f"insmod /{Path(path).name}.ko; " for path in modules)
        run = f"sh /busy.sh {row.script} {end}"
        words = ["unshare", "-m", "sh", "-c", OTHER_ROOT, run] if row.by_passt else ["sh", "-c", load + run]
        files = {"pvh": self.lab.pvh, "busy.elf": BUSY, "until_busy": UNTIL_BUSY, "busy.sh": SCRIPT,
                 **{f"{Path(path).name}.ko": lambda path=path: module(self.lab, path) for path in modules}}
        if row.by_passt:
            files |= {"bin/passt": passt, "etc/passwd": lambda: users_file(self.lab), **{path[1:]: Path(path) for path in PASST_NEEDS}}
        self.machine.note(name, words, files, limit=LIMIT)
        self._cases.append(Case(name, lambda: ends_well(row, end, self.machine.result(name))))

    def cases(self) -> list[Case]:
        for row in ROWS:
            for number, end in enumerate(ENDS):
                self.add(row, end, row.modules if number == 0 else ())
        return self._cases


def at_any_moment(lab: Lab, *how: str) -> None:
    """20 time limits, at random moments of a guest that reads, writes and flushes a file."""
    needs_kvm()
    disk = lab.work / f"busy{''.join(how)}.img"
    with disk.open("wb") as file:
        file.truncate(256 << 20)
    for _ in range(20):
        limit = round(random.uniform(0.05, 0.6), 3)
        words = [UNTIL_BUSY, "limit", *how, "--disk", disk, lab.pvh, "run", BUSY, "--engine", "kvm", "-m", "16M", "--append", "never",
                 "--disk", disk, "--timeout", limit]
        done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180, check=False)
        story = f"a limit of {limit} s: {done.stdout} {done.stderr}"
        assert "@ended code=4 " in done.stdout and "lock=free" in done.stdout, story
        assert done.stderr.startswith("pvh: the time limit ended the guest after ") and done.stderr.count("\n") == 1, story


def cases(lab: Lab, _full: bool) -> list[Case]:
    return [
        *nested.in_turn(Ours(lab).cases()),
        Case("system/busy/file by io_uring/limits at random moments", lambda: at_any_moment(lab)),
        Case("system/busy/file by threads/limits at random moments", lambda: at_any_moment(lab, "--no-io_uring")),
    ]
