"""Hosts that are not as the kvm engine wants them, and what it gives up of the one that it has."""

import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from report import Case, Skip
from stages import BUILDS

from .endings import OUR_ERROR, POWER_OFF, wait_for
from .hostile import need_kvm
from .lab import Lab

KERNELS = BUILDS["release"] / "kernels"


def arguments(lab: Lab, guest: str, *more: object) -> list[str]:
    return [str(word) for word in (lab.pvh, "run", KERNELS / f"{guest}.elf", "--engine", "kvm", "-m", "16M", *more)]


def fails(words: list[str], *said: str, **options) -> None:
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False, **options)
    assert done.returncode == OUR_ERROR, f"exit code {done.returncode}\n{done.stderr}"
    for text in said:
        assert text in done.stderr, f"'{text}' is not said:\n{done.stderr}"


def elsewhere(shell: str, words: list[str]) -> list[str]:
    """Under a mount namespace of its own, where `shell` has changed something."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        raise Skip("only root may have mounts of its own")
    under = ["unshare", "--mount", "--propagation", "private"]
    if subprocess.run([*under, "true"], capture_output=True, check=False).returncode != 0:
        raise Skip("this host allows no mount namespaces")
    return [*under, "sh", "-c", f'{shell} && exec "$@"', "sh", *words]


def without_kvm(lab: Lab) -> None:
    # An empty /dev, but for what every program wants.
    shell = "mount -t tmpfs none /mnt && touch /mnt/null && mount --bind /dev/null /mnt/null && mount --move /mnt /dev"
    fails(elsewhere(shell, arguments(lab, "hello32")), "/dev/kvm is not there", "--engine qemu")


def another_device(lab: Lab) -> None:
    need_kvm()
    fails(elsewhere("mount --bind /dev/null /dev/kvm", arguments(lab, "hello32")), "/dev/kvm")


def forbidden(lab: Lab) -> None:
    """An ordinary user, to whom the device is not open."""
    need_kvm()
    if os.geteuid() != 0:
        raise Skip("only root may become somebody else")
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    with tempfile.TemporaryDirectory(prefix="pvh-test-forbidden-") as name:  # the build tree may be closed to him
        directory = Path(name)
        directory.chmod(0o755)
        program, guest = (shutil.copy(path, directory) for path in (lab.pvh, KERNELS / "hello32.elf"))
        if subprocess.run([*nobody, program, "--version"], capture_output=True, check=False).returncode != 0:
            raise Skip("an ordinary user cannot run a program in the tests' directory")
        shell = "mount -t tmpfs none /mnt && cp -a /dev/kvm /mnt/kvm && chmod 600 /mnt/kvm && mount --bind /mnt/kvm /dev/kvm"
        fails(elsewhere(shell, [*nobody, program, "run", guest, "--engine", "kvm"]), "you may not open /dev/kvm", "usermod",
              "--engine qemu")


def too_little_memory(lab: Lab, guest_memory: str, limit: int) -> None:
    need_kvm()

    def tighten() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    fails(arguments(lab, "hello32", "-m", guest_memory), "memory", preexec_fn=tighten)


def with_limit(lab: Lab, kind: int, limits: Iterable[int]) -> None:
    """Each limit that does not do is a sentence, and at the first that does the guest runs."""
    need_kvm()
    for most in limits:
        def tighten(most: int = most) -> None:
            resource.setrlimit(kind, (most, most))

        def run(*words: str, tighten: Callable[[], None] = tighten) -> subprocess.CompletedProcess:
            return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
                                  preexec_fn=tighten)

        if run(str(lab.pvh), "--version").returncode != 0:
            continue  # too little for any program of this size
        done = run(*arguments(lab, "hello32"))
        if done.returncode == POWER_OFF:
            return
        assert done.returncode == OUR_ERROR and done.stderr.startswith("pvh: "), f"{most}: {done.returncode}\n{done.stderr}"
    raise AssertionError("none of the limits did")


def memory_is_there(lab: Lab) -> None:
    """Whatever was begun before the options were read: all of the memory asked for, and nothing behind it. The guest goes to the
    last byte, a no-op, and dies at the next."""
    need_kvm()
    asked = {(): 512, ("-m", "64"): 64, ("-m64M",): 64, ("--memory=1G",): 1024, ("--memory", "96M"): 96, ("-m", "65536K"): 64, ("-m", "0x40"): 64,
             ("-m", "32M", "-m", "48M"): 48, ("-m", "4G"): 3072}
    for words, end in asked.items():
        guest = [str(lab.pvh), "run", "--engine", "kvm", str(KERNELS / "hostile-jump.elf"), "--append", "last", *words]
        done = subprocess.run(guest, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        died_at = re.search(r"RIP=([0-9a-f]{16})", done.stderr)
        assert died_at and int(died_at[1], 16) == end << 20, f"{words}: {done.stderr}"


def without_standard_descriptors(lab: Lab) -> None:
    """Nothing that the monitor opens, however early, is taken for the user's input or output."""
    need_kvm()
    for closed in ((0,), (1,), (2,), (0, 1, 2)):
        def close(closed: tuple[int, ...] = closed) -> None:
            for descriptor in closed:
                os.close(descriptor)

        done = subprocess.run(arguments(lab, "hello32", "--quiet"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=60, check=False, preexec_fn=close)
        assert done.returncode == (POWER_OFF if 1 not in closed else OUR_ERROR), f"without {closed}: {done.returncode} {done.stderr}"
        assert (1 in closed) or "hello" in done.stdout.lower(), f"without {closed}: {done.stdout}"


def status_of(process: int) -> list[dict[str, str]]:
    """Of each of its threads that is not the kernel's own."""
    out = []
    for task in Path(f"/proc/{process}/task").iterdir():
        status = dict(re.findall(r"^(\w+):\s*(.*)$", (task / "status").read_text(), re.MULTILINE))
        if not status["Name"].startswith("kvm-"):
            out.append(status)
    return out


def confined(lab: Lab, *more: str) -> tuple[list[dict[str, str]], list[str]]:
    """Its threads and descriptors, of which one was inherited from us, once the guest runs."""
    need_kvm()
    reader, writer = os.pipe()
    inherited = os.open("/", os.O_RDONLY)
    with subprocess.Popen(arguments(lab, "idle", "--cpus", "2", *more), stdin=subprocess.DEVNULL, stdout=writer,
                          stderr=subprocess.DEVNULL, pass_fds=[inherited]) as run:
        assert os.read(reader, 1) == b"."
        wait_for("two more threads", lambda: len(status_of(run.pid)) == 3)
        time.sleep(0.1)
        threads, files = status_of(run.pid), [os.readlink(path) for path in Path(f"/proc/{run.pid}/fd").iterdir()]
        run.terminate()
    for descriptor in (reader, writer, inherited):
        os.close(descriptor)
    return threads, files


def gives_up(lab: Lab) -> None:
    threads, files = confined(lab)
    for thread in threads:
        assert thread["Seccomp"] == "2" and thread["Seccomp_filters"] == "1", thread
        assert thread["NoNewPrivs"] == "1", thread
        assert all(int(thread[kind], 16) == 0 for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb")), thread
    assert "/" not in files, f"what it inherited is open still: {files}"
    assert not any(file.startswith("/") and not file.startswith("/dev/null") for file in files), files
    threads, files = confined(lab, "--no-sandbox")
    assert all(thread["Seccomp"] == "0" and thread["NoNewPrivs"] == "0" for thread in threads), threads
    assert "/" in files, files


def cases(lab: Lab, _full: bool) -> list[Case]:
    def case(name: str, test: Callable[..., None], *more: object) -> Case:
        return Case(f"system/host/{name}", lambda: test(lab, *more))

    return [
        case("without /dev/kvm", without_kvm),
        case("with something else at /dev/kvm", another_device),
        case("with a /dev/kvm for others", forbidden),
        case("with less address space than the guest's memory", too_little_memory, "1G", 512 << 20),
        case("with little address space", with_limit, resource.RLIMIT_AS, range(3 << 20, 64 << 20, 444 << 10)),
        case("with few descriptors", with_limit, resource.RLIMIT_NOFILE, range(4, 32)),
        case("all memory that was asked for is there", memory_is_there),
        case("without standard descriptors", without_standard_descriptors),
        case("the monitor gives up what it does not need", gives_up),
    ]
