"""Every way in which a guest or its user ends a run has its own exit code; Linux's own ways are rows of boots.py."""

import os
import pty
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable

from report import Case

from .elf import Elf, Note, Segment
from .lab import COMMAND_LINE, Lab, needs_kvm

POWER_OFF, OUR_ERROR, USAGE, CRASHED, TIME_LIMIT, REBOOT = range(6)


def linux(lab: Lab, command_line: str, *arguments: object) -> list[object]:
    return [lab.kernels["6.1-cloud"].vmlinuz, "--initrd", lab.initrd, "--append", command_line, *arguments]


def ends(lab: Lab, exit_code: int, command_line: str, *arguments: object) -> None:
    boot = lab.boot(*linux(lab, command_line, *arguments)).must_reach_user_space().must_end_with(exit_code)
    said = [line for line in boot.errors.splitlines() if line.strip()]
    assert said, "nothing on standard error says how the run ended"


def hangs_until_the_time_limit(lab: Lab) -> None:
    boot = lab.boot(*linux(lab, f"{COMMAND_LINE} pvh.end=hang", "--timeout", "15")).must_end_with(TIME_LIMIT)
    assert 14 <= boot.seconds < 25, f"a limit of 15 s ended it after {boot.seconds:.1f} s"


def tiny(lab: Lab, name: str, code: bytes) -> str:
    """A guest of a few bytes at 1 MiB."""
    path = lab.work / f"{name}.elf"
    path.write_bytes(Elf(segments=[Segment(0x100000, code)], notes=[Note.entry(0x100000)]).bytes())
    return str(path)


def triple_fault(lab: Lab) -> None:
    # An empty interrupt table, then an undefined instruction: lidt [0x100020]; ud2; and at 0x100020 six zero bytes.
    code = b"\x0f\x01\x1d" + struct.pack("<I", 0x100020) + b"\x0f\x0b"
    lab.boot(tiny(lab, "triple", code.ljust(0x40, b"\0")), "-m", "32M").must_end_with(CRASHED)


def tiny_power_off(lab: Lab) -> None:
    """The board's sleep register, written by hand: mov byte [0xfea00200], 0x34 (sleep type 5, enable); then wait."""
    code = b"\xc6\x05" + struct.pack("<I", 0xFEA00200) + b"\x34" + b"\xf4\xeb\xfd"
    lab.boot(tiny(lab, "off", code), "-m", "32M").must_end_with(POWER_OFF)


def tiny_reboot(lab: Lab) -> None:
    code = b"\xc6\x05" + struct.pack("<I", 0xFEA00202) + b"\x42" + b"\xf4\xeb\xfd"
    lab.boot(tiny(lab, "reset", code), "-m", "32M").must_end_with(REBOOT)


def spinning(lab: Lab) -> str:
    return tiny(lab, f"spin-{os.urandom(4).hex()}", b"\xf4\xeb\xfd")


def children_of(process: int) -> list[str]:
    with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as children:
        return children.read().split()


def wait_for(what: str, condition: Callable[[], bool], seconds: float = 20) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"{what} did not come about within {seconds} s"
        time.sleep(0.05)


def ended_by(lab: Lab, number: int) -> None:
    """A signal ends the run and leaves no QEMU behind."""
    # Who starts the tests in the background of a shell makes them ignore SIGINT, and so would the run.
    with subprocess.Popen([str(lab.pvh), "run", spinning(lab), "-m", "32M"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(number, signal.SIG_DFL)) as run:
        try:
            wait_for("QEMU", lambda: bool(children_of(run.pid)))
            time.sleep(0.5)
            children = children_of(run.pid)
            run.send_signal(number)
            run.communicate(timeout=20)
        finally:
            run.kill()
    assert run.returncode != 0
    wait_for("the end of QEMU", lambda: not any(os.path.exists(f"/proc/{child}") for child in children))


def terminal_is_restored(lab: Lab) -> None:
    """On a terminal, Ctrl-A x ends the run, and the terminal is as it was."""
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    with subprocess.Popen([str(lab.pvh), "run", spinning(lab), "-m", "32M"], stdin=theirs, stdout=theirs,
                          stderr=subprocess.PIPE) as run:
        wait_for("raw mode", lambda: not termios.tcgetattr(theirs)[3] & termios.ICANON)
        time.sleep(0.5)
        os.write(ours, b"\x01x")
        run.communicate(timeout=20)
    assert termios.tcgetattr(theirs) == before, "the terminal's settings are not what they were"
    os.close(ours)
    os.close(theirs)


def counting(lab: Lab) -> str:
    """Prints 0, 1, … 255, 0, … on COM1 without end, each once the line status says that there is room:
    mov bl, 0; again: mov dx, 0x3fd; in al, dx; test al, 0x20; jz again; mov dx, 0x3f8; mov al, bl; out dx, al; inc bl; jmp again."""
    code = b"\xb3\0\x66\xba\xfd\x03\xec\xa8\x20\x74\xf7\x66\xba\xf8\x03\x88\xd8\xee\xfe\xc3\xeb\xec"
    return tiny(lab, f"counting-{os.urandom(4).hex()}", code)


def cpu_time(process: int) -> int:
    with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def stands_still(lab: Lab, engine: str) -> None:
    """SIGTSTP pauses the machine: nothing runs meanwhile, no byte of the guest's is lost, and SIGCONT goes on. Again and again."""
    if engine == "kvm":
        needs_kvm()
    with subprocess.Popen([str(lab.pvh), "run", counting(lab), "-m", "32M", "--cpus", "2", "--engine", engine, "--timeout", "120"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        try:
            expected = 0
            for _ in range(4):
                for _ in range(4):  # what a pipe holds, and more
                    part = run.stdout.read(32768)
                    assert part == bytes((expected + i) % 256 for i in range(len(part))), "bytes were lost, or came twice"
                    expected = (expected + len(part)) % 256
                run.send_signal(signal.SIGTSTP)
                os.waitid(os.P_PID, run.pid, os.WSTOPPED)
                before = [cpu_time(int(child)) for child in children_of(run.pid)]
                time.sleep(0.3)
                after = [cpu_time(int(child)) for child in children_of(run.pid)]
                assert sum(after) - sum(before) <= 5, f"the guest runs on while pvh stands still: {before} {after} ticks"
                run.send_signal(signal.SIGCONT)
            run.send_signal(signal.SIGTERM)
            _, errors = run.communicate(timeout=30)
        finally:
            run.kill()
    assert run.returncode == 128 + signal.SIGTERM, f"{run.returncode} {errors}"


def missing_qemu(lab: Lab) -> None:
    done = lab.call("run", spinning(lab), "--engine", "qemu", "--qemu", "/nonexistent/qemu")
    assert done.returncode == OUR_ERROR, done
    assert "/nonexistent/qemu" in done.stderr, done.stderr


def usage(lab: Lab, *words: str) -> None:
    done = lab.call(*words)
    assert done.returncode == USAGE, f"{words}: exit {done.returncode}\n{done.stderr}"
    assert done.stderr.strip() and not done.stdout, done


def cases(lab: Lab, _full: bool) -> list[Case]:
    def case(name: str, test: Callable[..., None], *arguments: object) -> Case:
        return Case(f"system/end/{name}", lambda: test(lab, *arguments))

    return [
        case("a panic that waits is 3", ends, CRASHED, "console=ttyS0 quiet pvh.end=panic"),
        case("the time limit is 4", hangs_until_the_time_limit),
        case("a triple fault is 3", triple_fault),
        case("a tiny guest's power-off is 0", tiny_power_off),
        case("a tiny guest's reset is 5", tiny_reboot),
        case("SIGINT ends it", ended_by, signal.SIGINT),
        case("SIGTERM ends it", ended_by, signal.SIGTERM),
        case("Ctrl-A x ends it and restores the terminal", terminal_is_restored),
        *(case(f"SIGTSTP pauses it ({engine})", stands_still, engine) for engine in ("kvm", "qemu")),
        case("a missing QEMU is 1", missing_qemu),
        case("no command is 2", usage),
        case("an unknown command is 2", usage, "walk"),
        case("an unknown option is 2", usage, "run", "--sideways", "kernel"),
        case("no kernel is 2", usage, "run"),
        case("a size that is none is 2", usage, "plan", "kernel", "-m", "much"),
    ]
