"""What the system tests share: Debian's kernels, a guest that reports what it sees, and the way to boot it."""

import hashlib
import json
import os
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from report import Skip
from stages import BUILDS, ROOT, command

FLAVOURS = {"6.1-cloud": "cloud", "6.1-amd64": "amd64", "6.12-cloud": "cloud-6.12"}
SOCKETS_TOOL = BUILDS["release"] / "tests" / "sockets"  # tests/system/sockets.c
COMMAND_LINE = "console=ttyS0 quiet panic=-1"


@dataclass(frozen=True)
class Kernel:
    name: str
    vmlinuz: Path

    @property
    def release(self) -> str:
        return self.vmlinuz.name.removeprefix("vmlinuz-")

    @property
    def modules(self) -> Path:
        return self.vmlinuz.parent.parent / "lib" / "modules" / self.release


@dataclass
class Boot:
    """How a run of `pvh run` went, and what its guest reported."""

    exit_code: int
    output: str
    errors: str
    seconds: float
    facts: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for line in self.output.splitlines():
            if line.startswith("@"):
                name, _, value = line[1:].strip().partition(" ")
                self.facts.setdefault(name, []).append(value)

    def fact(self, name: str) -> str:
        assert name in self.facts, f"the guest did not report '{name}'\n{self.story()}"
        return self.facts[name][0]

    def story(self) -> str:
        lines = self.output.splitlines()[-25:] + self.errors.splitlines()
        return "\n".join([f"pvh ended with {self.exit_code} after {self.seconds:.1f} s", *lines])

    def must_end_with(self, exit_code: int) -> "Boot":
        assert self.exit_code == exit_code, f"exit code {exit_code} was expected\n{self.story()}"
        return self

    def must_reach_user_space(self) -> "Boot":
        assert "end" in self.facts, f"user space was not reached\n{self.story()}"
        return self


class Lab:
    def __init__(self, work: Path, pvh: Path, pvh_asan: Path):
        self.work = work
        self.pvh = pvh
        self.pvh_asan = pvh_asan
        self.initrd = work / "initrd.cpio"
        self.network_initrd = work / "network-initrd.cpio"
        self.payload_sum = ""
        self.kernels: dict[str, Kernel] = {}
        self.ready = False
        self._elves: dict[str, Path] = {}
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Fetches the kernels and makes the guest. Its payload is random, so that no cached answer can be right."""
        self.work.mkdir(parents=True, exist_ok=True)
        fetched = subprocess.run([ROOT / "scripts" / "kernels", *FLAVOURS.values()], stdin=subprocess.DEVNULL,
                                 capture_output=True, text=True, check=False)
        assert fetched.returncode == 0, f"the kernels could not be fetched\n{fetched.stderr}"
        for name, path in zip(FLAVOURS, fetched.stdout.splitlines(), strict=True):
            self.kernels[name] = Kernel(name, Path(path))
        # pvh's own cache is not that of whoever runs the tests; where scripts/kernels puts things is.
        os.environ.setdefault("PVH_CACHE", str(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pvh"))
        os.environ["XDG_CACHE_HOME"] = str(self.work / "caches")

        payload = self.work / "payload"
        payload.write_bytes(os.urandom(4 << 20))
        self.payload_sum = checksum(payload)
        modules = [word for kernel in self.kernels.values() for word in ("--modules", kernel.modules)]
        words = (*modules, "--init", Path(__file__).parent / "init", "--file", payload, "payload")
        command(ROOT / "scripts" / "initramfs", self.initrd, *words)
        command(ROOT / "scripts" / "initramfs", self.network_initrd, "--network", *words, "--file", SOCKETS_TOOL, "bin/sockets")
        self.ready = True

    def elf(self, name: str) -> Path:
        """The ELF inside a kernel's vmlinuz, extracted once."""
        with self._lock:
            if name not in self._elves:
                path = self.work / f"vmlinux-{name}"
                command(self.pvh, "extract", self.kernels[name].vmlinuz, "-o", path)
                self._elves[name] = path
        return self._elves[name]

    def plan(self, *arguments: object) -> dict:
        """What `pvh plan --json` says for these arguments."""
        done = self.call("plan", *arguments, "--json")
        assert done.returncode == 0, f"pvh plan ended with {done.returncode}: {done.stderr}"
        return json.loads(done.stdout)

    def call(self, *words: object, program: Path | None = None, under: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
        """Runs pvh without a guest; `under` is a command that runs it."""
        return subprocess.run([str(word) for word in (*under, program or self.pvh, *words)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", timeout=120, check=False)

    def boot(self, *arguments: object, limit: float = 120, keys: IO[bytes] | None = None, under: tuple[str, ...] = ()) -> Boot:
        """Runs `pvh run` with these arguments and what is typed; --timeout is the test's own unless they give one; `under` is a command that runs it."""
        words = [str(word) for word in arguments]
        if "--timeout" not in words:
            words += ["--timeout", str(limit)]
        start = time.monotonic()
        done = subprocess.run([*under, str(self.pvh), "run", *words], stdin=keys or subprocess.DEVNULL, capture_output=True,
                              timeout=limit + 60, check=False)
        text = done.stdout.decode(errors="replace").replace("\r", "")
        return Boot(done.returncode, text, done.stderr.decode(errors="replace"), time.monotonic() - start)


def needs_kvm() -> None:
    """Skips the case where this machine's KVM cannot be used. Tiny guests run on any, Linux only on a real one (nested.py)."""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        raise Skip(f"/dev/kvm cannot be opened here: {error.strerror}") from error


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
