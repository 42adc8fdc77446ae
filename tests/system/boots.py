"""Debian's kernels reach user space, and see there what the plan says: one table, run by both engines."""

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from report import Case
from stages import command

from . import containers, linux_map, nested
from .lab import COMMAND_LINE, Boot, Lab, checksum

LOAD_ADDRESS = 0x6200000  # 82 MiB above where 6.12 is linked

# The least memory in which each reaches user space every time with the tests' RAM disk, and 4 to 12 MiB for Debian's next update. Found by halving to
# 2 MiB: 80, 92 and 80. With less, Linux itself runs out of memory (6.12 at 76: sometimes, in the self-tests of its ciphers; 6.1 at 96: once in many runs).
LEAST_MEMORY = {"6.1-cloud": "84M", "6.1-amd64": "104M", "6.12-cloud": "88M"}

# How a guest ends: the exit code, and what is said of it.
ENDINGS = {"power-off": (0, "the guest powered off"), "reboot": (5, "the guest asked for a reboot"), "panic": (3, "the guest panicked")}


@dataclass(frozen=True)
class Row:
    """A kernel in some form, what the machine is, and how the guest shall end."""

    kernel: str
    form: str = "vmlinuz"  # vmlinuz, elf, elf.gz, elf.zst
    memory: str = "512M"
    cpus: int = 1
    more: tuple[str, ...] = ()
    ending: str = "power-off"
    only_qemu: bool = False  # what it says is the plan's or the reader's doing, which is the same for both: once is enough

    @property
    def name(self) -> str:
        more = "".join(f" {word.removeprefix('--')}" for word in self.more)
        form = "" if self.form == "vmlinuz" else f" {self.form}"
        ending = "" if self.ending == "power-off" else f", {self.ending}"
        return f"{self.kernel}{form} {self.memory} {self.cpus} CPU{more}{ending}"


ROWS = [
    *(Row(kernel, cpus=cpus) for kernel in LEAST_MEMORY for cpus in (1, 2)),
    *(Row(kernel, memory=least, only_qemu=True) for kernel, least in LEAST_MEMORY.items()),
    Row("6.1-cloud", memory="5G", cpus=2, only_qemu=True),
    Row("6.1-amd64", memory="5G", cpus=2, only_qemu=True),
    Row("6.12-cloud", memory="5G", cpus=2),
    Row("6.1-cloud", form="elf"),
    Row("6.1-cloud", form="elf.gz", only_qemu=True),
    Row("6.1-cloud", form="elf.zst", only_qemu=True),
    Row("6.12-cloud", more=("--load-address", hex(LOAD_ADDRESS))),
    *(Row("6.12-cloud", more=("--randomize", "--seed", str(seed)), only_qemu=True) for seed in (1, 2, 3)),
    Row("6.1-cloud", more=("--memmap", "reserved@0x8000000+0x100000", "--memmap", "pmem@0x140000000+0x4000000")),
    Row("6.1-cloud", more=("--memmap", "20@0x9000000+0x200000", "--memmap", "unusable@0x9200000+0x1000"), only_qemu=True),
    Row("6.1-cloud", ending="reboot"),
    Row("6.12-cloud", cpus=2, ending="reboot"),
    Row("6.1-cloud", ending="panic"),
]

# What an engine cannot be asked here, and why; a row that asks for it runs on the other alone.
LIMITS: dict[str, list[tuple[str, Callable[[Row], bool]]]] = {
    "qemu": [],
    "kvm": [  # in the machine of nested.py
        ("xz takes a minute to unpack on an emulated CPU", lambda row: row.kernel == "6.1-amd64"),
    ],
}


def engines_of(row: Row) -> list[str]:
    engines = ["qemu"] if row.only_qemu else list(LIMITS)
    return [engine for engine in engines if not any(holds(row) for _, holds in LIMITS[engine])]


@dataclass
class Run:
    """One row on one engine."""

    lab: Lab
    row: Row
    engine: str
    # A word that differs from run to run, with what a sloppy copy would lose: spaces in quotes, and length.
    note: str = field(default_factory=lambda: f'{os.urandom(8).hex()}  {"x" * 900}')

    @property
    def name(self) -> str:
        return f"system/boot/{self.engine}/{self.row.name}"

    @property
    def command_line(self) -> str:
        ending = "" if self.row.ending == "power-off" else f" pvh.end={self.row.ending}"
        return f'{COMMAND_LINE} retain_initrd{ending} note="{self.note}"'

    def arguments(self, kernel: object, initrd: object) -> list[str]:
        return [str(kernel), "--initrd", str(initrd), "--append", self.command_line, "-m", self.row.memory,
                "--cpus", str(self.row.cpus), *self.row.more]

    def kernel_file(self) -> Path:
        if self.row.form == "vmlinuz":
            return self.lab.kernels[self.row.kernel].vmlinuz
        elf = self.lab.elf(self.row.kernel)
        if self.row.form == "elf":
            return elf
        packed = elf.with_name(f"{elf.name}-{os.urandom(4).hex()}.{self.row.form.removeprefix('elf.')}")
        tool = {"gz": "gzip -1 -c", "zst": "zstd -1 -q -c"}[packed.suffix.removeprefix(".")]
        command("sh", "-c", f"exec {tool} {shlex.quote(str(elf))} >{shlex.quote(str(packed))}")
        return packed

    def note_in(self, machine: nested.Nested) -> None:
        """What kvm shall run is said beforehand, so that one machine runs it all."""
        kernel = f"{self.row.kernel}-{self.row.form}"
        machine.note(self.name, ["/pvh", "run", "--engine", "kvm", *self.arguments(f"/{kernel}", "/initrd"), "--timeout", str(nested.LIMIT)],
                     {"pvh": self.lab.pvh, "initrd": self.lab.initrd, kernel: self.kernel_file})


def boots(run: Run, machine: nested.Nested) -> None:
    arguments = run.arguments(run.kernel_file(), run.lab.initrd)
    boot = run.lab.boot("--engine", "qemu", *arguments) if run.engine == "qemu" else machine.result(run.name)
    code, words = ENDINGS[run.row.ending]
    boot.must_reach_user_space().must_end_with(code)
    assert words in boot.errors + boot.output, f"how it ended was not said in the words '{words}'\n{boot.story()}"
    plan = run.lab.plan(*arguments)
    sees_what_was_planned(boot, plan)
    assert boot.fact("release") == run.lab.kernels[run.row.kernel].release
    assert boot.fact("cmdline") == run.command_line, f"/proc/cmdline is\n{boot.fact('cmdline')}\nbut it was given\n{run.command_line}"
    assert boot.fact("payload") == run.lab.payload_sum, "a file in the RAM disk has another checksum in the guest"
    if "initrd" in boot.facts:  # Linux shows it since 6.9 or so
        assert boot.fact("initrd") == checksum(run.lab.initrd), "the RAM disk has another checksum in the guest"
    assert boot.fact("cpus") == str(run.row.cpus), f"the guest sees {boot.fact('cpus')} CPUs"
    if "--load-address" in run.row.more:
        assert kernel_start(plan) == LOAD_ADDRESS


def kernel_start(plan: dict) -> int:
    return min(region["start"] for region in plan["regions"] if region["name"].startswith("kernel"))


def sees_what_was_planned(boot: Boot, plan: dict) -> None:
    # Linux's direct boot entry writes 0x020c there; booted by its own setup code it has a newer number.
    assert boot.fact("boot_params") == "0x020c", "the kernel was not entered by direct boot"
    expected, seen = linux_map.shown_by_linux(plan["memory_map"]), linux_map.reported(boot.facts)
    assert seen == expected, f"the guest's map is\n{linux_map.drawn(seen)}\nthe plan's\n{linux_map.drawn(expected)}"
    code = int(boot.fact("kernel_code"), 16)
    assert code == kernel_start(plan), f"kernel code is at {code:#x}, planned at {kernel_start(plan):#x}"


def three_seeds_three_places(lab: Lab) -> None:
    kernel = lab.kernels["6.12-cloud"].vmlinuz
    places = {seed: kernel_start(lab.plan(kernel, "--randomize", "--seed", seed)) for seed in (1, 2, 3)}
    assert len(set(places.values())) == 3, f"seeds and places: {places}"
    again = {seed: kernel_start(lab.plan(kernel, "--randomize", "--seed", seed)) for seed in (1, 2, 3)}
    assert again == places, "a seed does not give the same place twice"


def unified_image(lab: Lab) -> None:
    """A unified kernel image boots with its own RAM disk and command line; ours win where we give them."""
    kernel = lab.kernels["6.1-cloud"]
    image = containers.unified_image(lab.work / "uki.efi", kernel.vmlinuz, lab.initrd, f"{COMMAND_LINE} from=image",
                                     kernel.release)
    boot = lab.boot(image).must_reach_user_space().must_end_with(0)
    sees_what_was_planned(boot, lab.plan(image))
    assert boot.fact("cmdline").strip() == f"{COMMAND_LINE} from=image", boot.fact("cmdline")
    assert boot.fact("payload") == lab.payload_sum
    given = lab.boot(image, "--append", f"{COMMAND_LINE} from=user").must_end_with(0)
    assert "from=user" in given.fact("cmdline")


def cases(lab: Lab, _full: bool) -> list[Case]:
    def case(name: str, test: Callable[..., None], *arguments: object) -> Case:
        return Case(name, lambda: test(lab, *arguments))

    machine = nested.Nested(lab, "boots")
    runs = [Run(lab, row, engine) for engine in LIMITS for row in ROWS if engine in engines_of(row)]
    for run in runs:
        if run.engine == "kvm":
            run.note_in(machine)
    rows = {run.name: Case(run.name, lambda run=run: boots(run, machine)) for run in runs}
    return [
        *nested.in_turn([*(rows[run.name] for run in runs if run.engine == "kvm"), *nested.cases(machine)]),
        *(rows[run.name] for run in runs if run.engine == "qemu"),
        case("system/boot/unified image", unified_image),
        case("system/boot/three seeds, three places", three_seeds_three_places),
    ]
