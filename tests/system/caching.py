"""What is kept of a compressed kernel is right or not used, whatever happens to it; and nobody's boot fails over it."""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from report import Case, Skip

from .lab import COMMAND_LINE, Lab


class Start:
    """`pvh plan` of one kernel file, with a cache directory of its own."""

    def __init__(self, lab: Lab, name: str, caches: Path | None = None):
        self.lab = lab
        self.kernel = lab.kernels[name].vmlinuz
        self.elf = lab.elf(name)
        self.caches = caches or lab.work / f"caches-{os.urandom(4).hex()}"

    @property
    def kept(self) -> Path:
        return self.caches / "pvh" / "kept"

    def command(self) -> list[str]:
        return ["env", f"XDG_CACHE_HOME={self.caches}", str(self.lab.pvh), "plan", "--json", str(self.kernel)]

    def must_be_right(self) -> None:
        """The first time and the second."""
        expected = self.lab.call("plan", "--json", self.kernel, "--no-cache").stdout
        for _ in range(2):
            done = self.lab.call("plan", "--json", self.kernel, under=("env", f"XDG_CACHE_HOME={self.caches}"))
            assert done.returncode == 0, f"pvh plan ended with {done.returncode}: {done.stderr}"
            assert done.stdout == expected, "another plan through the cache"

    def files(self) -> list[str]:
        return sorted(path.name for path in self.kept.iterdir()) if self.kept.is_dir() else []

    def kept_elf(self) -> Path:
        elves = list(self.kept.glob("elf-*"))
        assert len(elves) == 1, f"one kept ELF was expected, there are {self.files()}"
        return elves[0]

    def must_have_one_sound_elf(self) -> None:
        assert self.kept_elf().read_bytes() == self.elf.read_bytes(), "what was kept is another ELF"
        assert len(self.files()) == 2, f"more was left than an ELF and its entry: {self.files()}"


def is_kept_as_it_is(lab: Lab, name: str) -> None:
    start = Start(lab, name)
    start.must_be_right()
    start.must_have_one_sound_elf()


def racing_starts_keep_one(lab: Lab) -> None:
    start = Start(lab, "6.1-cloud")
    running = [subprocess.Popen(start.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) for _ in range(6)]
    outputs = {process.communicate(timeout=60)[0] for process in running}
    assert all(process.returncode == 0 for process in running), "a racing start failed"
    assert len(outputs) == 1, "racing starts made different plans"
    start.must_have_one_sound_elf()


def a_killed_start_leaves_nothing(lab: Lab) -> None:
    start = Start(lab, "6.1-cloud")
    random.seed(1)
    for _ in range(40):
        process = subprocess.Popen(start.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(random.uniform(0, 0.06))
        process.send_signal(signal.SIGKILL)
        process.wait()
        left = start.files()
        assert all(name.startswith(("elf-", "value-kernel-")) for name in left), f"left behind: {left}"
        if any(name.startswith("elf-") for name in left):
            assert start.kept_elf().read_bytes() == start.elf.read_bytes(), "half an ELF has a name"
            shutil.rmtree(start.kept)
    start.must_be_right()
    start.must_have_one_sound_elf()


def boots_whatever_became_of_it(lab: Lab) -> None:
    vmlinuz = lab.work / "vmlinuz-to-cache"
    shutil.copyfile(lab.kernels["6.1-cloud"].vmlinuz, vmlinuz)
    time.sleep(2.1)  # a file that was changed just now is not kept
    kept = Path(os.environ["XDG_CACHE_HOME"]) / "pvh" / "kept"

    def boot() -> None:
        lab.boot(vmlinuz, "--initrd", lab.initrd, "--append", COMMAND_LINE).must_reach_user_space().must_end_with(0)

    boot()
    listed = lab.call("cache", "list").stdout
    assert vmlinuz.name in listed, f"the boot kept nothing:\n{listed}"
    boot()
    for elf in kept.glob("elf-*"):
        # In place of the file, as others may have it mapped: the 6.12 kernel's first half, with the times of the old one.
        other = kept.parent / f"other-{elf.name}"
        other.write_bytes(lab.elf("6.12-cloud").read_bytes()[:elf.stat().st_size].ljust(elf.stat().st_size, b"\0"))
        other.chmod(0o400)
        shutil.copystat(elf, other)
        other.rename(elf)
    boot()


@contextmanager
def disk(place: Path, size: str) -> Iterator[Path]:
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "none", place], capture_output=True, check=False)
    if mounted.returncode != 0:
        raise Skip("no right to mount")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=False)


def a_full_disk_keeps_nothing(lab: Lab) -> None:
    with disk(lab.work / "small-disk", "20m") as caches:
        start = Start(lab, "6.1-cloud", caches)
        start.must_be_right()
        assert not start.files(), f"on a full disk there are {start.files()}"
        used = shutil.disk_usage(caches).used
        assert used < 1 << 20, f"{used} bytes of the full disk are still in use"


def a_read_only_disk_keeps_nothing(lab: Lab) -> None:
    with disk(lab.work / "read-only-disk", "200m") as caches:
        subprocess.run(["mount", "-o", "remount,ro", caches], check=True)
        Start(lab, "6.1-cloud", caches).must_be_right()


def cases(lab: Lab, _full: bool) -> list[Case]:
    return [
        *(Case(f"system/cache/{name} is kept as it is", lambda name=name: is_kept_as_it_is(lab, name)) for name in lab.kernels),
        Case("system/cache/racing starts keep one", lambda: racing_starts_keep_one(lab)),
        Case("system/cache/a killed start leaves nothing", lambda: a_killed_start_leaves_nothing(lab)),
        Case("system/cache/boots whatever became of it", lambda: boots_whatever_became_of_it(lab)),
        Case("system/cache/a full disk keeps nothing", lambda: a_full_disk_keeps_nothing(lab)),
        Case("system/cache/a read-only disk keeps nothing", lambda: a_read_only_disk_keeps_nothing(lab)),
    ]
