"""What the benchmarks share: the files to measure with, and how a figure is told."""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def parser(description: str) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--json", action="store_true", help="figures as one JSON object")
    made.add_argument("--pvh", type=Path, help="the program to measure; default: build/pvh, brought up to date")
    made.add_argument("--kernel", type=Path, help="an unpacked kernel; default: Debian's cloud kernel, extracted")
    return made


def need(options: argparse.Namespace, **files: str) -> None:
    """Makes sure of the command and of `files`, by their targets: files of the build folder. Without --pvh all are brought up to date; with
    it, which may lie anywhere, only a missing file is built. Sets options.pvh and options.build. Ends the benchmark with what to type
    where a file cannot be built."""
    given = options.pvh
    if given and not given.exists():
        raise SystemExit(f"{name()}: {given}: not found")
    options.pvh = given or ROOT / "build" / "pvh"
    folder = options.pvh.resolve().parent
    options.build = folder if (folder / "CMakeCache.txt").exists() else ROOT / "build"
    wanted = {target: options.build / path for target, path in files.items()}
    if not given:
        wanted["pvh"] = options.pvh
    if (options.build / "CMakeCache.txt").exists() and not (given and all(path.exists() for path in wanted.values())):
        progress(f"building {' '.join(wanted)}")
        done = subprocess.run(["cmake", "--build", options.build, "--target", *wanted], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        progress("")
        if done.returncode != 0:
            raise SystemExit(f"{done.stdout}{name()}: cannot build {' '.join(wanted)} in {options.build}")
    for path in wanted.values():
        if not path.exists():
            raise SystemExit(f"{name()}: {path}: not found\nhint: cd {ROOT} && cmake --preset release && "
                             f"cmake --build build --target {' '.join(wanted)}")


def name() -> str:
    return f"bench/{Path(sys.argv[0]).name}"


def vmlinuz() -> Path:
    """Debian's current cloud kernel, fetched where it is not here."""
    return Path(subprocess.check_output([ROOT / "scripts" / "kernels", "cloud"], text=True).strip())


def vmlinux(options: argparse.Namespace, work: Path) -> Path:
    """The unpacked kernel to measure with."""
    if options.kernel:
        return options.kernel
    path = work / "vmlinux"
    subprocess.check_call([options.pvh, "extract", vmlinuz(), "-o", path])
    return path


def median_ms(seconds: list[float]) -> float:
    return round(statistics.median(seconds) * 1000, 3)


def tell(figures: dict, as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:24} {value}")


def progress(text: str) -> None:
    if sys.stderr.isatty() and not os.environ.get("CI"):
        print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)
