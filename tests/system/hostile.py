"""Guests that do what no kernel should (guest/kernels/hostile-*), under the kvm engine: it ends by itself or when told, by a
documented exit code, has not crashed, and its memory has not grown. Each also under the sanitizers' build."""

import os
import pty
import re
import select
import signal
import subprocess
import tempfile
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from report import Case, Skip
from stages import BUILDS, THREADS

from .endings import CRASHED, POWER_OFF, REBOOT, TIME_LIMIT, wait_for
from .lab import Lab
from .net import namespace

KERNELS = BUILDS["release"] / "kernels"
MEMORY_MIB = 16
ENDLESS = 3  # seconds until a guest is told to end that does not end by itself
PATIENCE = 60  # seconds within which a monitor that was told must have ended, on a busy machine
GROWTH_KIB = 16  # in three seconds: none
QUEUES_KIB = 2048  # filled by a guest that nobody reads; under sanitizers more than half of it is theirs
ANY_END = (POWER_OFF, CRASHED, TIME_LIMIT, REBOOT)


@dataclass(frozen=True)
class Attack:
    guest: str
    word: str = ""
    codes: tuple[int, ...] = (POWER_OFF,)
    survives: bool = False  # it comes to its end, and says so
    limit: int = ENDLESS
    disk: bool = False
    net: bool = False  # a tap, in a network of its own

    @property
    def name(self) -> str:
        return f"{self.guest} {self.word}".rstrip()


def attacks(full: bool) -> list[Attack]:
    word = "all" if full else "quick"
    dies = (CRASHED, TIME_LIMIT)  # which, is the processor's choice, and KVM's
    return [
        Attack("ports", word, survives=True, limit=600),
        Attack("mmio", word, survives=True, limit=600),
        Attack("virtio-registers", survives=True, limit=300, disk=True),
        Attack("virtio-rings", survives=True, limit=300, disk=True),
        Attack("virtio-net", survives=True, limit=300, net=True),
        Attack("startinfo", survives=True, limit=120),
        Attack("startinfo", "reserved", (CRASHED,), limit=120),
        Attack("startinfo", "loop", dies, limit=120),
        Attack("storm", "pins", survives=True, limit=120),
        *(Attack("storm", each, (TIME_LIMIT,)) for each in ("serial", "self", "timer")),
        *(Attack("storm", each, ANY_END) for each in ("smi", "init")),
        *(Attack("flood", each, (TIME_LIMIT,)) for each in ("", "polite")),
        *(Attack("jump", each, dies) for each in ("hole", "window", "io-apic", "local-apic", "top", "zero", "end", "last", "straddle",
                                                  "stack", "tables", "interrupts", "segments")),
        Attack("jump", "rom", (REBOOT, *dies)),  # zeros as far as the jump of firmware's start
    ]


def command(program: Path, guest: str, word: str, *more: object) -> list[str]:
    return [str(each) for each in (program, "run", KERNELS / f"hostile-{guest}.elf", "--engine", "kvm", "-m", f"{MEMORY_MIB}M",
                                   "--append", word, *more)]


def need_kvm() -> None:
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        raise Skip("there is no /dev/kvm here that may be opened")


def resident_kib(process: int) -> int:
    return int(re.search(r"^VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)[1])


def must_be_sound(errors: str) -> None:
    for sign in ("Sanitizer", "runtime error", "terminate called", "Assertion"):
        assert sign not in errors, errors


def outlived(program: Path, attack: Attack) -> None:
    need_kvm()
    with tempfile.NamedTemporaryFile(prefix="pvh-hostile-", suffix=".img") as disk:
        disk.write(b"p" * (1 << 20))
        disk.flush()
        _outlived(program, attack, "--timeout", attack.limit, *(("--disk", f"{disk.name},ro") if attack.disk else ()))


def _outlived(program: Path, attack: Attack, *more: object) -> None:
    start = time.monotonic()
    words = command(program, attack.guest, attack.word, *more)
    if attack.net:
        script = 'busybox tunctl -t hostile >/dev/null && busybox ip link set hostile up && exec "$@"'
        words = [*namespace(), "busybox", "sh", "-c", script, "sh", *words, "--net", "tap=hostile"]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        output, errors = (text.decode(errors="replace") for text in run.communicate(timeout=attack.limit + PATIENCE))
    seconds = time.monotonic() - start
    must_be_sound(errors)
    assert run.returncode in attack.codes, f"exit code {run.returncode} after {seconds:.1f} s, not of {attack.codes}\n{errors}"
    if attack.survives:
        assert "survived" in output and "FAILED" not in output, f"the guest did not come to its end\n{output[-500:]}\n{errors}"


def does_not_grow(program: Path, guest: str, word: str) -> None:
    """Nobody reads what it says: once the queues are full, its memory is what it is."""
    need_kvm()
    with subprocess.Popen(command(program, guest, word), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as run:
        sizes = []
        while len(sizes) < 4 or sizes[-1] - sizes[-4] > GROWTH_KIB:
            assert len(sizes) < PATIENCE, f"it grows without end: {sizes} KiB"
            time.sleep(1)
            sizes.append(resident_kib(run.pid))
        ends_when_told(run, signal.SIGTERM)
    assert sizes[-1] - sizes[0] <= QUEUES_KIB, f"{sizes} KiB"


def ends_when_told(run: subprocess.Popen, number: int) -> None:
    """Without its output being read."""
    run.send_signal(number)
    code = run.wait(timeout=PATIENCE)
    assert code == 128 + number, f"exit code {code}"
    must_be_sound(run.stderr.read().decode(errors="replace"))


def told_by_time(program: Path, word: str) -> None:
    need_kvm()
    with subprocess.Popen(command(program, "flood", word, "--timeout", 1), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as run:
        assert run.wait(timeout=PATIENCE) == TIME_LIMIT
        must_be_sound(run.stderr.read().decode(errors="replace"))


def told_by_keys(program: Path, word: str) -> None:
    """Ctrl-A x, on a terminal that shows nothing any more."""
    need_kvm()
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    with subprocess.Popen(command(program, "flood", word), stdin=theirs, stdout=theirs, stderr=subprocess.PIPE) as run:
        wait_for("output", lambda: bool(select.select([ours], [], [], 0)[0]))
        time.sleep(1)
        os.write(ours, b"\x01x")
        assert run.wait(timeout=PATIENCE) == POWER_OFF
        must_be_sound(run.stderr.read().decode(errors="replace"))
    assert termios.tcgetattr(theirs) == before, "the terminal's settings are not what they were"
    os.close(ours)
    os.close(theirs)


def by_threads(attack: Attack) -> bool:
    """Whether it is about several threads at once: those are for the sanitizer of threads."""
    return attack.guest in ("storm", "flood", "virtio-net", "virtio-rings")


def cases(lab: Lab, full: bool) -> list[Case]:
    out: list[Case] = []
    for build, program in (("release", lab.pvh), ("asan", lab.pvh_asan), ("tsan", THREADS / "pvh")):
        def case(name: str, test: Callable[..., None], *arguments: object, build: str = build, program: Path = program) -> None:
            out.append(Case(f"system/hostile/{build}/{name}", lambda: test(program, *arguments)))

        for attack in attacks(full):
            if build != "tsan" or by_threads(attack):
                case(attack.name, outlived, attack)
        if build == "tsan":
            continue
        for guest, word in (("flood", ""), ("flood", "polite"), ("storm", "serial"), ("storm", "self")):
            case(f"{guest} {word}".rstrip() + " does not grow, and ends by SIGTERM", does_not_grow, guest, word)
        case("a flood that nobody reads ends by time", told_by_time, "")
        case("a flood that nobody reads ends by Ctrl-A x", told_by_keys, "polite")
    return out
