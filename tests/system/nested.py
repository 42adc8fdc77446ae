"""A machine with hardware-style virtualization: QEMU emulates AMD's (scripts/kvm-lab). It is booted once, when the first answer is asked for, and
everything that was noted before runs in it, one after the other."""

import os
import shlex
import signal
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

from report import Case
from stages import BUILDS, ROOT

from .lab import Boot, Lab

MARGIN = 30  # seconds, until a limit that has come is noticed there
LIMIT = 240  # seconds for one guest; alone on the machine one takes 5 to 10, beside others, and with two CPUs on its one, 100


class Nested:
    def __init__(self, lab: Lab, name: str):
        """`name` tells it from the other machines, which run beside it."""
        self.lab, self.name = lab, name
        self._runs: dict[str, list[str]] = {}
        self._files: dict[str, object] = {}
        self._silence = LIMIT
        self._lock = threading.Lock()
        self._output: str | None = None

    def note(self, name: str, command: list[str], files: dict[str, object], limit: int = LIMIT) -> None:
        """To run `command` in the machine, where each file lies as /NAME. A file is a path, or a function that makes it."""
        assert self._output is None and name not in self._runs
        # Each run has a time limit of its own, so a machine that prints nothing for longer has stopped as a whole: seen once in many runs,
        # at a guest with two CPUs, with all of QEMU's emulated CPU in use. No program of ours can do that to a kernel.
        self._silence = max(self._silence, limit + MARGIN)
        self._runs[name] = command
        self._files |= files

    def result(self, name: str) -> Boot:
        """How the run called `name` went. Both of its outputs are one here."""
        with self._lock:
            if self._output is None:
                self._output = self._boot()
        _, found, rest = self._output.partition(f"@@begin {name}\n")
        assert found, f"the machine of {self.name} did not come to this run\n{self._output[-2000:]}"
        text, found, rest = rest.partition("\n@@exit ")
        assert found, f"the run did not end\n{text[-2000:]}"
        code, seconds = rest.split("\n", 1)[0].split(" ")
        return Boot(int(code), text, "", float(seconds))

    def _boot(self) -> str:
        script = self.lab.work / f"nested-{self.name}"
        script.write_text("\n".join(
            ["now() { cut -d ' ' -f 1 /proc/uptime; }",
             *(f"echo; echo '@@begin {name}'; start=$(now); {shlex.join(command)} </dev/null; "
               'code=$?; echo; echo "@@exit $code $(echo "$(now) $start" | awk \'{ print $1 - $2 }\')"'
               for name, command in self._runs.items())]) + "\n", encoding="ascii")
        files = {name: file() if callable(file) else file for name, file in self._files.items()}
        words = [str(word) for name, file in files.items() for word in ("--file", file, name)]
        command = [ROOT / "scripts" / "kvm-lab", self.lab.kernels["6.1-cloud"].vmlinuz, script, *words]
        output = self.lab.work / f"nested-{self.name}-output"
        if not run_while_it_prints(command, output, self._silence):
            print(f"the machine of {self.name} stood still: once more", flush=True)
            run_while_it_prints(command, output, self._silence)
        return output.read_text(errors="replace").replace("\r", "")


def run_while_it_prints(command: list[object], output: Path, silence: float) -> bool:
    """False where it printed nothing for that many seconds and was ended."""
    with output.open("wb") as file, subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=file,
                                                     stderr=subprocess.STDOUT, start_new_session=True) as running:
        size, since = 0, time.monotonic()
        while True:
            try:
                running.wait(timeout=1)
                return True
            except subprocess.TimeoutExpired:
                now = output.stat().st_size
                size, since = (now, time.monotonic()) if now != size else (size, since)
            if time.monotonic() - since > silence:
                os.killpg(running.pid, signal.SIGKILL)
                return False


def in_turn(cases: list[Case]) -> list[Case]:
    """The cases of one machine. The first boots it, and takes longer than any other case of all: so it is begun before them. The others
    come behind them: sooner, they would only wait for it."""
    return [replace(cases[0], turn=-1), *(replace(case, turn=1) for case in cases[1:])]


# ---- what is asked of a real KVM besides the table of boots ----

AUTO, EXAMPLE = "auto", "example"
HELLO = BUILDS["release"] / "kernels" / "hello64.elf"
MONITOR = BUILDS["release"] / "examples" / "monitor"


def auto_takes_kvm(machine: Nested) -> None:
    boot = machine.result(AUTO).must_end_with(0)
    assert "pvh: engine kvm" in boot.output and "Hello from 64 bits" in boot.output, boot.story()


def the_example_boots_debian(machine: Nested) -> None:
    """To its first lines, and on until it wants a root file system."""
    boot = machine.result(EXAMPLE).must_end_with(3)
    release = machine.lab.kernels["6.12-cloud"].release
    for line in (f"Linux version {release} ", "Kernel panic - not syncing: VFS: Unable to mount root fs", "monitor: triple fault"):
        assert line in boot.output, f"'{line}' was not printed\n{boot.story()}"


def cases(machine: Nested) -> list[Case]:
    machine.note(AUTO, ["/pvh", "run", "/hello64.elf", "-m", "32M", "--timeout", str(LIMIT)],
                 {"pvh": machine.lab.pvh, "hello64.elf": HELLO})
    # Few words, since each letter is an exit or two; reboot=t, since its board has no other way to reset.
    machine.note(EXAMPLE, ["/monitor", "/6.12-cloud", "console=ttyS0 loglevel=6 panic=-1 reboot=t"],
                 {"monitor": MONITOR, "6.12-cloud": lambda: machine.lab.kernels["6.12-cloud"].vmlinuz})
    return [Case("system/kvm/auto takes it where it is real", lambda: auto_takes_kvm(machine)),
            Case("system/kvm/the example monitor boots Debian", lambda: the_example_boots_debian(machine))]
