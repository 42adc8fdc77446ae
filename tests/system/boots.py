"""Debian's kernels reach user space, and see there what the plan says."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from report import Case
from stages import command

from . import containers, linux_map
from .lab import COMMAND_LINE, Boot, Lab, checksum


@dataclass(frozen=True)
class Machine:
    """One row of the table: a kernel in some form, and what the machine is."""

    kernel: str
    form: str = "vmlinuz"  # vmlinuz, elf, elf.gz, elf.zst
    memory: str = "512M"
    cpus: int = 1
    more: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        more = " ".join(word.removeprefix("--") for word in self.more)
        return f"system/boot/{self.kernel} {self.form} {self.memory} {self.cpus} CPU {more}".rstrip()


LOAD_ADDRESS = 0x6200000  # 82 MiB above where 6.12 is linked

# The least memory in which each reaches user space every time with the tests' RAM disk, and 4 to 8 MiB for Debian's next update. Found by halving to
# 2 MiB: 80, 92 and 80. With less, Linux itself runs out of memory (6.12 at 76: sometimes, in the self-tests of its ciphers).
LEAST_MEMORY = {"6.1-cloud": "84M", "6.1-amd64": "96M", "6.12-cloud": "88M"}

MACHINES = [
    *(Machine(kernel, cpus=cpus) for kernel in LEAST_MEMORY for cpus in (1, 2)),
    *(Machine(kernel, memory=least) for kernel, least in LEAST_MEMORY.items()),
    *(Machine(kernel, memory="5G", cpus=2) for kernel in LEAST_MEMORY),
    Machine("6.1-cloud", form="elf"),
    Machine("6.1-cloud", form="elf.gz"),
    Machine("6.1-cloud", form="elf.zst"),
    Machine("6.12-cloud", more=("--load-address", hex(LOAD_ADDRESS))),
    *(Machine("6.12-cloud", more=("--randomize", "--seed", str(seed))) for seed in (1, 2, 3)),
    Machine("6.1-cloud", more=("--memmap", "reserved@0x8000000+0x100000", "--memmap", "pmem@0x140000000+0x4000000")),
    Machine("6.1-cloud", more=("--memmap", "20@0x9000000+0x200000", "--memmap", "unusable@0x9200000+0x1000")),
]


def kernel_file(lab: Lab, machine: Machine) -> Path:
    if machine.form == "vmlinuz":
        return lab.kernels[machine.kernel].vmlinuz
    elf = lab.elf(machine.kernel)
    if machine.form == "elf":
        return elf
    packed = elf.with_name(f"{elf.name}-{os.urandom(4).hex()}.{machine.form.removeprefix('elf.')}")
    tool = {"gz": "gzip -1 -c", "zst": "zstd -1 -q -c"}[packed.suffix.removeprefix(".")]
    command("sh", "-c", f"exec {tool} '{elf}' >'{packed}'")
    return packed


def boots(lab: Lab, machine: Machine) -> None:
    # A word that differs from boot to boot, with what a sloppy copy would lose: spaces in quotes, and length.
    command_line = f'{COMMAND_LINE} retain_initrd note="{os.urandom(8).hex()}  {"x" * 900}"'
    arguments = [kernel_file(lab, machine), "--initrd", lab.initrd, "--append", command_line, "-m", machine.memory,
                 "--cpus", machine.cpus, *machine.more]
    boot = lab.boot(*arguments).must_reach_user_space().must_end_with(0)
    plan = lab.plan(*arguments)
    sees_what_was_planned(boot, plan)
    assert boot.fact("release") == lab.kernels[machine.kernel].release
    assert boot.fact("cmdline") == command_line, f"/proc/cmdline is\n{boot.fact('cmdline')}\nbut it was given\n{command_line}"
    assert boot.fact("payload") == lab.payload_sum, "a file in the RAM disk has another checksum in the guest"
    if "initrd" in boot.facts:  # Linux shows it since 6.9 or so
        assert boot.fact("initrd") == checksum(lab.initrd), "the RAM disk has another checksum in the guest"
    assert boot.fact("cpus") == str(machine.cpus), f"the guest sees {boot.fact('cpus')} CPUs"
    if "--load-address" in machine.more:
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


def make_disk(path: Path, size: int) -> str:
    path.write_bytes(os.urandom(size))
    return checksum(path)


def disks(lab: Lab, kernel: str) -> None:
    """Two disks, in their order; the first is written to, the second refuses it."""
    first, second = lab.work / f"first-{kernel}.img", lab.work / f"second-{kernel}.img"
    make_disk(first, 8 << 20)
    second_sum = make_disk(second, 6 << 20)
    payload = (lab.work / "payload").read_bytes()
    boot = lab.boot(lab.kernels[kernel].vmlinuz, "--initrd", lab.initrd, "--disk", first, "--disk", f"{second},ro",
                    "--append", f"{COMMAND_LINE} pvh.write=vda").must_reach_user_space().must_end_with(0)
    assert boot.facts.get("wrote") == ["vda"], boot.story()
    assert first.read_bytes()[:len(payload)] == payload, "what the guest wrote is not in the disk's file"
    seen = [line.split(" ") for line in boot.facts["disk"]]
    assert seen == [["vda", str((8 << 20) // 512), "0", checksum(first)],
                    ["vdb", str((6 << 20) // 512), "1", second_sum]], f"the guest's disks: {seen}"


def read_only_disk(lab: Lab) -> None:
    disk = lab.work / "read-only.img"
    before = make_disk(disk, 6 << 20)
    disk.chmod(0o400)
    boot = lab.boot(lab.kernels["6.1-cloud"].vmlinuz, "--initrd", lab.initrd, "--disk", f"{disk},ro",
                    "--append", f"{COMMAND_LINE} pvh.write=vda").must_reach_user_space().must_end_with(0)
    assert boot.facts.get("refused") == ["vda"], boot.story()
    assert hashlib.sha256(disk.read_bytes()).hexdigest() == before


def cases(lab: Lab, _full: bool) -> list[Case]:
    def case(name: str, test: Callable[..., None], *arguments: object) -> Case:
        return Case(name, lambda: test(lab, *arguments))

    return [
        *(case(machine.name, boots, machine) for machine in MACHINES),
        case("system/boot/unified image", unified_image),
        case("system/boot/three seeds, three places", three_seeds_three_places),
        *(case(f"system/disk/{kernel} reads and writes", disks, kernel) for kernel in ("6.1-cloud", "6.12-cloud")),
        case("system/disk/a read-only disk refuses writes", read_only_disk),
    ]
