"""The kernels of guest/kernels/ boot under every producer, and see what it promised: hello says it in words, the probe byte by byte."""

import os
import re
import shutil
import subprocess
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from report import Case, Skip
from stages import BUILDS, ROOT

from .lab import Boot, Lab, needs_kvm
from .start_of_day import MAGIC, RAM, StartOfDay, keeps_the_contract

KERNELS = BUILDS["release"] / "kernels"
HELLOS = ("hello32", "hello64")
PROBES = ("probe", "probe32", "probe-fixed", "probe32-moves")
MOVABLE = ("probe", "probe32-moves")
LINKED = 0x100000


def kernel(name: str) -> Path:
    return KERNELS / f"{name}.elf"


# ---- under pvh run ----

# Their cases' names for `pvh run` on QEMU's emulated CPU and on this machine's KVM, whatever kind that is.
ENGINES = {"qemu": "", "kvm": " (kvm)"}


def run(lab: Lab, engine: str, *arguments: object, limit: float = 60) -> Boot:
    if engine == "kvm":
        needs_kvm()
    return lab.boot("--engine", engine, *arguments, limit=limit)


def merged(memory_map: list[dict]) -> list[tuple[int, int, bool]]:
    """A plan's map as hello prints it: neighbours of one type merged; first byte, last byte, whether it is RAM."""
    ranges: list[list[int]] = []
    for entry in memory_map:
        if ranges and ranges[-1][1] == entry["start"] and ranges[-1][2] == entry["type"]:
            ranges[-1][1] = entry["start"] + entry["size"]
        else:
            ranges.append([entry["start"], entry["start"] + entry["size"], entry["type"]])
    return [(start, end - 1, kind == RAM) for start, end, kind in ranges]


def printed(text: str) -> list[tuple[int, int, bool]]:
    found = re.findall(r"^  (0x[0-9a-f]+)-(0x[0-9a-f]+) (not )?RAM$", text, re.MULTILINE)
    return [(int(first, 16), int(last, 16), not other) for first, last, other in found]


def hello(lab: Lab, engine: str, name: str) -> None:
    words = os.urandom(6).hex() + ' "two  spaces"'
    arguments = [kernel(name), "--append", words, "-m", "5G", "--module", kernel(name), "--memmap", "20@0x9000000+0x200000"]
    boot = run(lab, engine, *arguments).must_end_with(0)
    assert f"Hello from {name[-2:]} bits\ncommand line: {words}\nmodules: 1\n" in boot.output, boot.story()
    expected = merged(lab.plan(*arguments)["memory_map"])
    assert printed(boot.output) == expected, f"the plan's map is {expected}\n{boot.story()}"


def hello_without(lab: Lab, name: str) -> None:
    """Version 0 and no ACPI: no map, and no way out but the time limit."""
    boot = run(lab, "qemu", kernel(name), "--start-info-version", "0", "--no-acpi", "--timeout", "3").must_end_with(4)
    assert "modules: 0\n" in boot.output and not printed(boot.output), boot.story()


def probe(lab: Lab, engine: str, name: str, *more: object) -> None:
    files = [lab.work / f"{name}-{os.urandom(4).hex()}" for _ in range(3)]
    # A KVM in software takes microseconds for each instruction of the probe's checksum.
    sizes = (1, 5000, 70000) if engine == "kvm" else (1, 70000, 3 << 20)
    for path, size in zip(files, sizes, strict=True):
        path.write_bytes(os.urandom(size))
    arguments = [kernel(name), "--append", f"probe {os.urandom(4).hex()}", "-m", "256M", "--initrd", files[0],
                 "--module", f"{files[1]},its own words", "--module", files[2], *more]
    boot = run(lab, engine, *arguments).must_end_with(0)
    day, plan = StartOfDay.read(boot.output), lab.plan(*arguments)
    keeps_the_contract(day)
    entered_as_planned(day, plan, name)
    handed_what_was_planned(day, plan)
    modules_are(day, plan, [path.read_bytes() for path in files])


def waits_for_its_reader(lab: Lab, engine: str) -> None:
    """More than all pipes and buffers hold, printed to somebody who does not read for a while."""
    if engine == "kvm":
        needs_kvm()
    module = lab.work / f"module-{engine}"
    module.write_bytes(os.urandom(100))
    words, own, count = "w" * 60000, "m" * 2000, 50
    command = [lab.pvh, "run", "--engine", engine, kernel("probe"), "-m", "128M", "--append", words, "--timeout", "60",
               *(word for number in range(count) for word in ("--module", f"{module},{number}{own}"))]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        time.sleep(2)
        try:
            out, errors = running.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            running.kill()
            raise
    assert running.returncode == 0, errors.decode()
    day = StartOfDay.read(out.decode())
    assert day.command_line() == words
    told = {part["index"]: part["crc32"] for part in day.all("string", "module_command_line")}
    assert told == {number: zlib.crc32(f"{number}{own}".encode()) for number in range(count)}, told
    shown = sum(len(piece["hex"]) // 2 for piece in day.all("memory", "module_command_line"))
    assert shown == sum(len(f"{number}{own}") + 1 for number in range(count)), f"{shown} bytes of the modules' command lines"


def entered_as_planned(day: StartOfDay, plan: dict, name: str) -> None:
    cpu, state, begin = day.one("cpu"), plan["entry_state"], day.one("begin")
    assert begin["bits"] == (32 if "32" in name else 64) and begin["linked"] == LINKED
    start = min(region["start"] for region in plan["regions"] if region["name"].startswith("kernel"))
    assert begin["image"] == start, f"the image is at {begin['image']:#x}, planned at {start:#x}"
    for register in ("ebx", "cr0", "cr4"):
        assert cpu[register] == state[register], f"{register} is {cpu[register]:#x}, planned {state[register]:#x}"
    # The probe loses the arithmetic flags while it looks for itself.
    assert cpu["eflags"] & ~0x8D5 == state["eflags"], f"eflags are {cpu['eflags']:#x}"
    assert {cpu[register] for register in ("ds", "es", "ss")} == {state["data"]["selector"]}
    for register, planned in (("cs", state["cs"]), ("ds", state["data"]), ("tr", state["tr"])):
        assert cpu[register] == planned["selector"], f"{register} is {cpu[register]:#x}"
        found = day.descriptor(cpu[register])
        # The accessed bit of the table is the CPU's to set.
        wanted = (planned["base"], planned["limit"], planned["attributes"] & 0xF0FF)
        assert found[:2] == wanted[:2] and found[2] | 1 == wanted[2] | 1, f"{register}: {found}, planned {wanted} (CPU-3, CPU-4)"


def handed_what_was_planned(day: StartOfDay, plan: dict) -> None:
    info = day.start_info()
    assert day.one("start_info")["at"] == plan["start_info"]
    assert (info["magic"], info["version"], info["flags"]) == (MAGIC, plan["version"], 0), info
    assert day.command_line() == plan["command_line"]
    assert info["rsdp"] == day.one("acpi")["rsdp"] == plan["rsdp"]
    assert day.bytes("rsdp").startswith(b"RSD PTR ")
    expected = [(entry["start"], entry["size"], entry["type"]) for entry in plan["memory_map"]]
    assert day.memory_map() == expected, f"the guest's map is {day.memory_map()}, the plan's {expected}"
    signatures = [bytes.fromhex(table["signature"]).decode() for table in day.all("table")]
    assert signatures[0] == "XSDT" and {"FACP", "DSDT", "APIC"} <= set(signatures), signatures


def modules_are(day: StartOfDay, plan: dict, contents: list[bytes]) -> None:
    seen = [(module["at"], module["size"], module["checked"], module["crc32"]) for module in day.all("module")]
    expected = [(planned["start"], len(content), len(content), zlib.crc32(content))
                for planned, content in zip(plan["modules"], contents, strict=True)]
    assert seen == expected, f"the guest's modules are {seen}, the plan's {expected}"
    words = {part["index"]: part["length"] for part in day.all("string", "module_command_line")}
    planned_words = {i: len(m["command_line"]) for i, m in enumerate(plan["modules"]) if m["command_line"] is not None}
    assert words == planned_words, f"{words} and {planned_words}"


def fault(lab: Lab, engine: str, name: str) -> None:
    """An exception is told, with the registers as they were."""
    boot = run(lab, engine, kernel(name), "--timeout", "3").must_end_with(4)
    told = boot.output.split("about to fail\n", 1)[-1]
    assert "pvh: exception 6 (invalid opcode)" in told, boot.story()
    values = dict(re.findall(r"(\w+)=(0x[0-9a-f]+)", told))
    wide = "r" if name.endswith("64") else "e"
    assert values[f"{wide}bx"] == "0x600dcafe" and values[f"{wide}si"] == "0x5eed", told
    code = kernel(name).read_bytes()
    assert LINKED <= int(values["ip"], 16) < LINKED + len(code), told


# ---- under QEMU's own loaders ----

@dataclass(frozen=True)
class Machine:
    name: str
    model: str
    has_acpi: bool = True


MACHINES = (Machine("microvm", "microvm"), Machine("microvm without ACPI", "microvm,acpi=off", has_acpi=False),
            Machine("q35", "q35"), Machine("pc", "pc"))


def under_qemu(lab: Lab, machine: Machine, name: str) -> None:
    module = lab.work / f"qemu-module-{os.urandom(4).hex()}"
    module.write_bytes(b"a module for QEMU's loaders\n")
    done = subprocess.run(
        ["qemu-system-x86_64", "-M", machine.model, "-accel", "tcg", "-m", "128M", "-nodefaults", "-no-user-config", "-display", "none",
         "-serial", "stdio", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", str(kernel(name)),
         "-initrd", str(module), "-append", "from qemu"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=180, check=False)
    text = done.stdout.decode(errors="replace").replace("\r", "")
    # Soft-off where there is ACPI; isa-debug-exit with code 0 where there is none.
    wanted = 0 if machine.has_acpi else 1
    assert done.returncode == wanted, f"QEMU ended with {done.returncode}, not {wanted}\n{text[-800:]}\n{done.stderr.decode()}"
    if name in HELLOS:
        assert text.startswith(f"Hello from {name[-2:]} bits\ncommand line: from qemu\nmodules: 1\n"), text
        assert (LINKED, True) in [(first, ram) for first, _, ram in printed(text)], text
        return
    day = StartOfDay.read(text)
    keeps_the_contract(day)
    assert day.command_line() == "from qemu"
    assert day.one("module")["crc32"] == zlib.crc32(module.read_bytes())
    assert (day.start_info()["rsdp"] != 0) == machine.has_acpi


# ---- under the real Xen ----

def under_xen(lab: Lab) -> None:
    """All of them in one boot of Xen (lab 4), with 65 MiB so that no other memory size can be the right one."""
    out, module = lab.work / "xen", lab.work / "xen-module"
    module.write_bytes(os.urandom(5000))
    names = (*HELLOS, *PROBES)
    guests = [f"{name}={kernel(name)};memory=65;ramdisk={module};cmdline=from xen" for name in names]
    if shutil.which("qemu-system-x86_64") is None:
        raise Skip("qemu-system-x86_64 is not installed")
    done = subprocess.run([ROOT / "conform" / "xen" / "xen-lab", out, *guests], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=900, check=False)
    if done.returncode == 77:
        raise Skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    for name in names:
        text = (out / f"{name}.log").read_text()
        if name in HELLOS:
            assert f"Hello from {name[-2:]} bits\ncommand line: from xen\nmodules: 1\n" in text, text
            assert printed(text)[0] == (0, (65 << 20) - 1, True), text
            continue
        day = StartOfDay.read(text)
        keeps_the_contract(day)
        assert day.one("begin")["xen"], "the probe does not know that it is under Xen"
        assert day.command_line() == "from xen"
        assert day.one("module")["crc32"] == zlib.crc32(module.read_bytes())
        assert (0, 65 << 20, RAM) in day.memory_map(), day.memory_map()
        assert day.one("cpu")["cs"] == 0, "Xen's selectors are null; is this Xen?"


def cases(lab: Lab, _full: bool) -> list[Case]:
    def case(name: str, test: Callable[..., None], *arguments: object) -> Case:
        return Case(f"system/guest/{name}", lambda: test(lab, *arguments))

    return [
        *(case(f"{name} sees the plan's map{words}", hello, engine, name) for engine, words in ENGINES.items() for name in HELLOS),
        *(case(f"{name} on version 0 without ACPI", hello_without, name) for name in HELLOS),
        *(case(f"{name} sees the plan{words}", probe, engine, name) for engine, words in ENGINES.items() for name in PROBES),
        *(case(f"probe waits for its reader{words}", waits_for_its_reader, engine) for engine, words in ENGINES.items()),
        *(case(f"{name} at 80 MiB{words}", probe, engine, name, "--load-address", "0x5000000")
          for engine, words in ENGINES.items() for name in MOVABLE),
        *(case(f"{name} at random {seed}", probe, "qemu", name, "--randomize", "--seed", str(seed)) for name in MOVABLE for seed in (1, 2)),
        *(case(f"{name} tells its exception{words}", fault, engine, name) for engine, words in ENGINES.items() for name in ("fault32", "fault64")),
        *(case(f"{name} under QEMU's {machine.name}", under_qemu, machine, name)
          for machine in MACHINES for name in (*HELLOS, *PROBES)),
        case("all under Xen", under_xen),
    ]
