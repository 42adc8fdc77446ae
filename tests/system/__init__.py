"""Tests of the finished command: real kernels, real files, real processes."""

from pathlib import Path

from report import Case, Report
from stages import BUILDS, JOBS

from . import boots, conform, endings, guests, malformed, measurements, memory, nested, unpacking
from .lab import Lab


def run(report: Report, work: Path, full: bool) -> None:
    lab = Lab(work / "system", BUILDS["release"] / "pvh", BUILDS["asan"] / "pvh")
    report.run([Case("system/lab", lab.prepare)])  # named apart: a download that fails is not a boot that fails
    if not lab.ready and not report.count("failed"):
        lab.prepare()  # it was not among the names asked for
    if not lab.ready:
        return
    groups = (unpacking, malformed, memory, boots, guests, conform, nested, endings, measurements)
    # Two at a time: that the machine is busy must not matter to a guest.
    report.run([case for group in groups for case in group.cases(lab, full)], workers=JOBS)
