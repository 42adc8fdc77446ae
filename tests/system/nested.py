"""Debian's kernels under our own monitor, on a KVM with hardware-style virtualization: QEMU emulates AMD's (scripts/kvm-lab).

The machine is booted once; each row below is a run of `pvh run --engine kvm` in it, and a test of its own."""

import shlex
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from report import Case
from stages import BUILDS, ROOT

from .boots import LOAD_ADDRESS, kernel_start, sees_what_was_planned
from .lab import COMMAND_LINE, Boot, Lab

POWER_OFF, CRASHED, REBOOT = 0, 3, 5
LIMIT = 120  # seconds for one guest; alone on the machine one takes 5 to 10


@dataclass(frozen=True)
class Row:
    kernel: str
    exit_code: int = POWER_OFF
    cpus: int = 1
    memory: str = "256M"
    word: str = ""
    more: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        more = " ".join(word.removeprefix("--") for word in (*self.more, self.word))
        return f"{self.kernel} {self.memory} {self.cpus} CPU {more}".rstrip()

    def arguments(self, kernel: object, initrd: object) -> list[str]:
        return [str(kernel), "--initrd", str(initrd), "--append", f"{COMMAND_LINE} {self.word}".strip(), "-m", self.memory,
                "--cpus", str(self.cpus), *self.more]


ROWS = [
    *(Row(kernel, cpus=cpus) for kernel in ("6.1-cloud", "6.12-cloud") for cpus in (1, 2)),
    Row("6.12-cloud", memory="5G", more=("--load-address", hex(LOAD_ADDRESS))),
    Row("6.1-cloud", REBOOT, word="pvh.end=reboot"),
    Row("6.12-cloud", REBOOT, cpus=2, word="pvh.end=reboot"),
    Row("6.1-cloud", CRASHED, word="pvh.end=panic"),
]
HELLO = "hello64"


class Machine:
    """The machine with KVM, booted when the first test asks for it."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self._lock = threading.Lock()
        self._output: str | None = None

    def output(self) -> str:
        with self._lock:
            if self._output is None:
                self._output = self._run()
            return self._output

    def _run(self) -> str:
        work = self.lab.work / "nested"
        work.mkdir(exist_ok=True)
        runs = {row.name: ["--engine", "kvm", *row.arguments(f"/{row.kernel}", "/initrd")] for row in ROWS}
        runs[HELLO] = [f"/{HELLO}.elf", "-m", "32M"]  # the engine is chosen for us
        script = work / "script"
        script.write_text("\n".join(
            ["chmod +x /pvh",
             *(f"echo; echo '@@begin {name}'; /pvh run {shlex.join(arguments)} --timeout {LIMIT} </dev/null; "
               'code=$?; echo; echo "@@exit $code"' for name, arguments in runs.items())]) + "\n", encoding="ascii")
        files: list[tuple[Path, str]] = [(self.lab.pvh, "pvh"), (self.lab.initrd, "initrd"),
                                         (BUILDS["release"] / "kernels" / f"{HELLO}.elf", f"{HELLO}.elf")]
        files += [(self.lab.kernels[kernel].vmlinuz, kernel) for kernel in sorted({row.kernel for row in ROWS})]
        words = [str(word) for source, name in files for word in ("--file", source, name)]
        done = subprocess.run([ROOT / "scripts" / "kvm-lab", self.lab.kernels["6.1-cloud"].vmlinuz, script, *words],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              timeout=LIMIT * (len(runs) + 1))
        return done.stdout.decode(errors="replace").replace("\r", "")

    def run_of(self, name: str) -> Boot:
        everything = self.output()
        _, found, rest = everything.partition(f"@@begin {name}\n")
        assert found, f"the machine did not come to this run\n{everything[-2000:]}"
        text, found, rest = rest.partition("\n@@exit ")
        assert found, f"the run did not end\n{text[-2000:]}"
        return Boot(int(rest.split("\n", 1)[0]), text, "", 0)


def boots(machine: Machine, row: Row) -> None:
    start = time.monotonic()
    boot = machine.run_of(row.name)
    boot.seconds = time.monotonic() - start
    boot.must_reach_user_space().must_end_with(row.exit_code)
    arguments = row.arguments(machine.lab.kernels[row.kernel].vmlinuz, machine.lab.initrd)
    plan = machine.lab.plan(*arguments)
    sees_what_was_planned(boot, plan)
    assert boot.fact("release") == machine.lab.kernels[row.kernel].release
    assert boot.fact("payload") == machine.lab.payload_sum, "a file in the RAM disk has another checksum in the guest"
    assert boot.fact("cpus") == str(row.cpus), f"the guest sees {boot.fact('cpus')} CPUs"
    if "--load-address" in row.more:
        assert kernel_start(plan) == LOAD_ADDRESS


def auto_takes_kvm(machine: Machine) -> None:
    boot = machine.run_of(HELLO).must_end_with(POWER_OFF)
    assert "pvh: engine kvm" in boot.output and "Hello from 64 bits" in boot.output, boot.story()


def cases(lab: Lab, _full: bool) -> list[Case]:
    machine = Machine(lab)
    return [
        *(Case(f"system/kvm/{row.name}", lambda row=row: boots(machine, row)) for row in ROWS),
        Case("system/kvm/auto takes it where it is real", lambda: auto_takes_kvm(machine)),
    ]
