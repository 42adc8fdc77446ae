"""What a monitor's memory is besides its guest's, and what two monitors of one kernel share."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from report import Case

from .endings import wait_for
from .hostile import need_kvm
from .lab import Lab
from .patched import entry_replaced

MEMORY = 256 << 20
MONITOR_KIB = 1024  # private and dirty, besides the guest's RAM
TEXT, TEXT_SIZE = 0x1000000, 16 << 20  # of Debian's kernel: read, and not written
# mov esi, TEXT; again: mov al, [esi]; add esi, 4096; cmp esi, end; jb again; mov dx, 0x3f8; mov al, '!'; out dx, al; stop: cli; hlt; jmp stop
READS_ITS_TEXT = (b"\xbe" + TEXT.to_bytes(4, "little") + b"\x8a\x06\x81\xc6\x00\x10\x00\x00\x81\xfe"
                  + (TEXT + TEXT_SIZE).to_bytes(4, "little") + b"\x72\xf0\x66\xba\xf8\x03\xb0!\xee\xfa\xf4\xeb\xfc")


@dataclass
class Area:
    start: int
    end: int
    file: str
    kib: dict[str, int]


def areas(process: int) -> list[Area]:
    found: list[Area] = []
    for line in Path(f"/proc/{process}/smaps").read_text().splitlines():
        if head := re.match(r"([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+\s*(.*)", line):
            found.append(Area(int(head[1], 16), int(head[2], 16), head[3], {}))
        elif figure := re.match(r"(\w+):\s+(\d+) kB", line):
            found[-1].kib[figure[1]] = int(figure[2])
    return found


def guest_areas(everything: list[Area]) -> list[Area]:
    """The areas that together are the guest's RAM: side by side, and just as large."""
    for first in range(len(everything)):
        last = first
        while last + 1 < len(everything) and everything[last + 1].start == everything[last].end:
            last += 1
        for end in range(first, last + 1):
            if everything[end].end - everything[first].start == MEMORY:
                return everything[first:end + 1]
    raise AssertionError("no areas of the guest's size")


def two_monitors(lab: Lab) -> None:
    need_kvm()
    kernel = entry_replaced(lab.pvh, lab.elf("6.1-cloud"), READS_ITS_TEXT, lab.work / "reads-its-text")
    words = [str(word) for word in (lab.pvh, "run", "--engine", "kvm", "-m", MEMORY >> 20, kernel)]
    runs = [subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(2)]
    try:
        for run in runs:
            assert run.stdout is not None and run.stdout.read(1) == b"!", "the guest did not get through its text"
        wait_for("both guests to read all of it", lambda: all(text_kib(run.pid, "Rss") >= TEXT_SIZE >> 10 for run in runs))
        for run in runs:
            everything = areas(run.pid)
            guest = guest_areas(everything)
            own = sum(area.kib["Private_Dirty"] for area in everything if area not in guest)
            assert own <= MONITOR_KIB, f"{own} KiB of the monitor's own"
            shared = text_kib(run.pid, "Shared_Clean") + text_kib(run.pid, "Shared_Dirty")  # dirty where the file is new
            assert shared >= (TEXT_SIZE >> 10) * 9 // 10, f"{shared} KiB of the text are shared"
            assert text_kib(run.pid, "Private_Dirty") <= MONITOR_KIB, "the text was copied"
    finally:
        for run in runs:
            run.kill()
            run.wait()


def text_kib(process: int, what: str) -> int:
    return sum(area.kib[what] for area in guest_areas(areas(process)) if area.file)


def cases(lab: Lab, _full: bool) -> list[Case]:
    return [Case("system/footprint/two monitors of one kernel share its text, and have little besides", lambda: two_monitors(lab))]
