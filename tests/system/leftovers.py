"""What the kvm engine leaves behind: nothing, after a hundred guests at once, and after SIGKILL at any moment."""

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

from report import Case
from stages import BUILDS, ROOT, command

from .endings import wait_for
from .hostile import need_kvm
from .lab import Lab

KERNELS = BUILDS["release"] / "kernels"
MONITOR_KIB = 1024  # of private memory, besides the guest's


def density(lab: Lab, judge: bool) -> None:
    need_kvm()
    figures = json.loads(command(ROOT / "bench" / "density", "--json", "--pvh", lab.pvh))
    assert figures["alive"] == figures["n"] == 100, figures
    assert figures["private_dirty_kib"] <= MONITOR_KIB, figures
    if judge:
        assert figures["started_per_second"] >= 200, figures


def traces(directory: Path, processes: set[int]) -> list[str]:
    """Files in `directory` and in memory, sockets, and processes of a run."""
    # The table of CPUID is kept on purpose, for the next start.
    found = [str(path) for path in directory.rglob("*") if path.is_file() and not path.match("pvh/kept/value-*")]
    found += [f"/dev/shm/{name}" for name in os.listdir("/dev/shm") if "pvh" in name]
    found += [line for line in Path("/proc/net/unix").read_text().splitlines() if str(directory) in line or "pvh" in line]
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue
        group = int(text.rpartition(")")[2].split()[2])
        if group in processes:
            found.append(text)
    return found


def killed(lab: Lab, kind: str, longest: float, guest: str, *arguments: object) -> None:
    """SIGKILL to the one process that was started, at a moment up to `longest` after that; many times."""
    need_kvm()
    directory = lab.work / f"killed-{kind}"
    directory.mkdir()
    environment = os.environ | {"TMPDIR": str(directory), "XDG_CACHE_HOME": str(directory), "XDG_RUNTIME_DIR": str(directory)}
    words = [str(word) for word in (lab.pvh, "run", KERNELS / f"{guest}.elf", "--engine", "kvm", "-m", "16M", *arguments)]
    moments = random.Random(kind)
    processes = set()
    ended_alone = 0
    for _ in range(60):
        run = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env=environment, cwd=directory, process_group=0)
        processes.add(run.pid)
        time.sleep(moments.random() * longest)
        run.send_signal(signal.SIGKILL)
        ended_alone += run.wait() != -signal.SIGKILL
    assert ended_alone < 55, f"{ended_alone} of 60 were too fast to be killed"
    wait_for("the end of all traces", lambda: not traces(directory, processes))


def cases(lab: Lab, full: bool) -> list[Case]:
    return [
        Case("system/leftovers/100 microVMs at once leave nothing", lambda: density(lab, full)),
        Case("system/leftovers/killed while starting", lambda: killed(lab, "starting", 0.006, "idle")),
        Case("system/leftovers/killed while running", lambda: killed(lab, "running", 0.2, "hostile-flood")),
        Case("system/leftovers/killed while ending", lambda: killed(lab, "ending", 0.03, "hello32")),
        Case("system/leftovers/killed with many CPUs", lambda: killed(lab, "cpus", 0.05, "idle", "--cpus", 16)),
    ]
