"""Disks, random numbers and the virtio console, on both engines: Debian's own drivers against QEMU's devices here and against ours in the machine of nested.py."""

import hashlib
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import IO

from report import Case, Skip
from stages import BUILDS

from . import nested
from .lab import COMMAND_LINE, Boot, Lab, checksum, needs_kvm

KERNELS = ("6.1-cloud", "6.12-cloud")
SIZES = {"first": 8 << 20, "second": 6 << 20}
PAYLOAD_SIZE = 4 << 20


def make_disk(path: Path, size: int) -> str:
    path.write_bytes(os.urandom(size))
    return checksum(path)


# ---- what holds on either engine ----

def sees_two(boot: Boot, first_sum: str, second_sum: str) -> None:
    """In their order, the first written to, the second not to be."""
    boot.must_reach_user_space().must_end_with(0)
    assert boot.facts.get("wrote") == ["vda"], boot.story()
    seen = [line.split(" ") for line in boot.facts["disk"]]
    assert seen == [["vda", str(SIZES["first"] // 512), "0", first_sum],
                    ["vdb", str(SIZES["second"] // 512), "1", second_sum]], f"the guest's disks: {seen}"
    assert boot.facts.get("serial") == ["vda number-1"], boot.facts.get("serial")


def has_entropy(boot: Boot) -> None:
    source, sample = boot.fact("hwrng").split(" ")
    assert source.startswith("virtio_rng"), f"/dev/hwrng is {source}"
    assert len(sample) == 48 and len(set(re.findall("..", sample))) > 8, f"these are no random bytes: {sample}"


def refuses_writes(boot: Boot, before: str, after: str) -> None:
    boot.must_reach_user_space().must_end_with(0)
    assert boot.facts.get("refused") == ["vda"], boot.story()
    assert after == before, "a read-only disk was written to"


def answers(boot: Boot) -> None:
    boot.must_end_with(0)
    assert "hello guest" in boot.facts.get("typed", []), boot.story()


# ---- QEMU's devices ----

def two(lab: Lab, kernel: str) -> None:
    first, second = lab.work / f"first-{kernel}.img", lab.work / f"second-{kernel}.img"
    make_disk(first, SIZES["first"])
    second_sum = make_disk(second, SIZES["second"])
    boot = run(lab, kernel, "pvh.write=vda", "--disk", f"{first},serial=number-1", "--disk", f"{second},ro")
    sees_two(boot, checksum(first), second_sum)
    has_entropy(boot)
    assert first.read_bytes()[:PAYLOAD_SIZE] == (lab.work / "payload").read_bytes(), "what the guest wrote is not in the disk's file"


def run(lab: Lab, kernel: str, words: str, *more: object, keys: IO[bytes] | None = None) -> Boot:
    return lab.boot(lab.kernels[kernel].vmlinuz, "--engine", "qemu", "--initrd", lab.initrd, "--append", f"{COMMAND_LINE} {words}", *more,
                    keys=keys)


def file_system(lab: Lab, kernel: str) -> None:
    """What one guest wrote into a file the next one reads."""
    disk = lab.work / f"fs-{kernel}.img"
    make_disk(disk, 16 << 20)
    made = run(lab, kernel, "pvh.fs=vda", "--disk", disk).must_end_with(0)
    assert made.fact("in_fs") == lab.payload_sum, made.story()
    read = run(lab, kernel, "pvh.mount=vda", "--disk", f"{disk},ro").must_end_with(0)
    assert read.fact("in_fs") == lab.payload_sum, read.story()


def read_only(lab: Lab) -> None:
    disk = lab.work / "read-only.img"
    before = make_disk(disk, 6 << 20)
    disk.chmod(0o400)
    boot = run(lab, "6.1-cloud", "pvh.write=vda", "--disk", f"{disk},ro")
    refuses_writes(boot, before, hashlib.sha256(disk.read_bytes()).hexdigest())


def no_room(lab: Lab) -> None:
    """The disk lies where there is no room for what the guest writes: in a mount of its own."""
    script = ('mount -t tmpfs -o size=4m tmpfs "$1" && cd "$1" && shift && head -c 3145728 /dev/urandom >filling && truncate -s 8M disk && exec "$@"')
    done = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Skip(f"NO FILE SYSTEM CAN BE MOUNTED HERE: {done.stderr.strip()}")
    place = lab.work / "full"
    place.mkdir()
    boot = lab.boot(lab.kernels["6.1-cloud"].vmlinuz, "--engine", "qemu", "--initrd", lab.initrd, "--append", f"{COMMAND_LINE} pvh.write=vda",
                    "--disk", "disk", under=("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", str(place)))
    boot.must_reach_user_space().must_end_with(0)
    assert boot.facts.get("refused") == ["vda"], boot.story()
    told = [line for line in boot.errors.splitlines() if "could not be" in line]
    assert len(told) == 1 and "disk 0 could not be written" in told[0] and "No space left on device" in told[0], boot.story()


def console(lab: Lab, kernel: str) -> None:
    # Linux throws away what comes before it listens.
    with subprocess.Popen(["sh", "-c", "while sleep 1; do echo hello guest; done"], stdout=subprocess.PIPE) as typist:
        answers(run(lab, kernel, "pvh.console=hvc0", "--console", "virtio", keys=typist.stdout))
        typist.terminate()


def no_rng(lab: Lab) -> None:
    boot = run(lab, "6.1-cloud", "", "--no-rng").must_end_with(0)
    assert "virtio_rng" not in boot.facts.get("hwrng", [""])[0]


# ---- files that are none, or somebody else's ----

IDLE = BUILDS["release"] / "kernels" / "idle.elf"


def one_writer(lab: Lab, engine: str) -> None:
    if engine == "kvm":
        needs_kvm()
    disk = lab.work / f"shared-{engine}.img"
    make_disk(disk, 1 << 20)
    words = [str(lab.pvh), "run", str(IDLE), "--engine", engine, "-m", "16M", "--disk", str(disk), "--timeout", "60"]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as first:
        try:
            assert first.stdout.read(1) == b".", "the first run did not come up"
            for second in (disk, f"{disk},ro"):
                done = lab.call("run", IDLE, "--engine", engine, "-m", "16M", "--disk", second)
                assert done.returncode == 1 and "somebody else uses this file" in done.stderr, done.stderr
        finally:
            first.terminate()
    again = lab.call("run", IDLE, "--engine", engine, "-m", "16M", "--timeout", "1", "--disk", disk)
    assert again.returncode == 4, f"the lock outlived its run: {again.stderr}"


def refused(lab: Lab) -> None:
    def says(name: str, content: bytes, *words: str) -> None:
        path = lab.work / name
        path.write_bytes(content)
        done = lab.call("run", IDLE, "--disk", path)
        assert done.returncode == 1 and all(word in done.stderr for word in (*words, str(path), "disk 0")), done.stderr

    says("odd.img", b"x" * 1000, "1000 bytes", "512")
    says("image.qcow2", b"QFI\xfb" + b"\0" * 1020, "qcow2", "qemu-img convert")
    says("image.vmdk", b"# Disk DescriptorFile\n", "-f vmdk")
    says("image.vdi", b"\0" * 64 + b"\x7f\x10\xda\xbe" + b"\0" * 444, "-f vdi")
    says("empty.img", b"", "empty")


# ---- our own devices ----

RECORDS = BUILDS["release"] / "kernels" / "records.elf"
MODULES = ("drivers/block/loop", "drivers/block/null_blk/null_blk", "fs/configfs/configfs")  # of the machine, for the faults


class Ours:
    """The tests that run in the machine."""

    def __init__(self, lab: Lab, full: bool):
        self._full = full
        self.lab = lab
        self.machine = nested.Nested(lab, "disks")
        self._cases: list[Case] = []

    def add(self, test: str, kernel: str, check: Callable[[Boot], None], number: int = 0) -> None:
        name = f"system/disk/kvm/{kernel.removesuffix('.elf')} {test}"
        modules = {f"{Path(path).name}.ko": lambda path=path: self.lab.kernels["6.1-cloud"].modules / f"kernel/{path}.ko" for path in MODULES}
        self.machine.note(name, ["sh", "/disks.sh", test, f"/{kernel}", COMMAND_LINE, str(number)],
                          {"pvh": self.lab.pvh, "initrd": self.lab.initrd, "disks.sh": Path(__file__).parent / "disks.sh", **modules,
                           kernel: RECORDS if kernel == RECORDS.name else lambda: self.lab.kernels[kernel].vmlinuz},
                          limit=nested.LIMIT + 30 * number)
        self._cases.append(Case(name, lambda: check(self.machine.result(name))))

    def works(self, boot: Boot) -> None:
        """Disks in their order, one that is read-only whatever the guest tries, a file system that the host reads, and a console."""
        boot.must_reach_user_space().must_end_with(0)
        assert boot.facts.get("wrote") == ["vda"] and boot.facts.get("refused") == ["vdb"], boot.story()
        before, after = boot.facts["host_second"]
        seen = [line.split(" ") for line in boot.facts["disk"]]
        assert seen[:2] == [["vda", str(SIZES["first"] // 512), "0", boot.fact("host_first")],
                            ["vdb", str(SIZES["second"] // 512), "1", before]], f"the guest's disks: {seen}"
        assert boot.facts.get("serial") == ["vda number-1"], boot.facts.get("serial")
        assert after == before, "a read-only disk was written to"
        assert boot.fact("host_start") == self.lab.payload_sum, boot.story()
        assert boot.fact("in_fs") == boot.fact("host_fs") == self.lab.payload_sum, boot.story()
        has_entropy(boot)
        answers(boot)

    def faults(self, boot: Boot) -> None:
        """Errors in the guest and no wrong byte, one line a disk here, and the run goes on."""
        boot.must_reach_user_space().must_end_with(0)
        before = dict(line.split(" ") for line in boot.facts["before"])
        after = {name: rest for name, *rest in (line.split(" ") for line in boot.facts["after"])}
        part = str(3 << 20)
        assert after["vdc"] == ["1", part, boot.fact("host_part")], f"of vdc 3 MiB are left: {after['vdc']}\n{boot.story()}"
        assert after["vdd"] == ["1", part, boot.fact("host_start")], f"of vdd 3 MiB can be read: {after['vdd']}\n{boot.story()}"
        assert after["vde"] == ["0", str(8 << 20), boot.fact("host_removed")] and before["vde"] == boot.fact("host_removed"), after["vde"]
        assert boot.facts.get("refused") == ["vda", "vdb", "vdc", "vdd"], boot.story()
        worn_before, worn_after = boot.facts["host_worn"]
        assert worn_after == worn_before, "a write that failed was done"
        assert boot.fact("host_cut") == part, "a write behind the end made the file longer"
        for number, (done, reason) in enumerate((("written", "No space left on device"), ("flushed", "Input/output error"),
                                                 ("read", "the file has become shorter than the disk"),
                                                 ("read", "Input/output error"))):
            lines = [line for line in boot.output.splitlines() if f"disk {number} could not be" in line]
            assert len(lines) == 1 and f"could not be {done}" in lines[0] and reason in lines[0], f"{lines}\n{boot.story()}"
        assert "disk 4 could not" not in boot.output and "disk 5 could not" not in boot.output, boot.story()

    def killed(self, boot: Boot, kills: int) -> None:
        boot.must_end_with(0)
        rounds = [[int(word) for word in line.split(" ")] for line in boot.facts["host_killed"]]
        assert len(rounds) == kills and all(flushed > 0 for _, flushed, _ in rounds), rounds
        assert all(wrong == 0 for *_, wrong in rounds), f"round, flushed, wrong: {rounds}"

    def cases(self) -> list[Case]:
        # The second kernel, and 50 boots of a Linux to kill it, take minutes under two emulations: more than a usual run has.
        for kernel in KERNELS if self._full else KERNELS[:1]:
            self.add("works", kernel, self.works)
        self.add("faults", "6.12-cloud", self.faults)
        for kernel, kills in ((RECORDS.name, 50), ("6.1-cloud", 50 if self._full else 2)):
            self.add("killed", kernel, lambda boot, kills=kills: self.killed(boot, kills), kills)
        return self._cases


def cases(lab: Lab, full: bool) -> list[Case]:
    def case(name: str, test: Callable[..., None], *arguments: object) -> Case:
        return Case(f"system/disk/{name}", lambda: test(lab, *arguments))

    return [
        *nested.in_turn(Ours(lab, full).cases()),
        *(case(f"qemu/{kernel} two", two, kernel) for kernel in KERNELS),
        *(case(f"qemu/{kernel} fs", file_system, kernel) for kernel in KERNELS),
        case("qemu/6.1-cloud read-only", read_only),
        case("qemu/6.1-cloud no room for what is written", no_room),
        case("qemu/6.1-cloud no rng", no_rng),
        *(case(f"qemu/{kernel} console", console, kernel) for kernel in KERNELS),
        case("qemu/one writer", one_writer, "qemu"),
        case("kvm/one writer", one_writer, "kvm"),
        case("refused files", refused),
    ]
