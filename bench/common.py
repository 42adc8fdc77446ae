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
    made.add_argument("--pvh", type=Path, default=ROOT / "build" / "pvh")
    made.add_argument("--kernel", type=Path, help="an unpacked kernel; default: Debian's cloud kernel, extracted")
    return made


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
