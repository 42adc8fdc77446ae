"""Tests of the finished command: real kernels, real files, real processes."""

from pathlib import Path

from report import Case, Report
from stages import BUILDS, JOBS

from . import boots, busy, caching, conform, disks, endings, footprint, guests, hostile, hosts, leftovers, malformed, measurements, memory, net, unpacking
from .lab import Lab


def run(report: Report, work: Path, full: bool) -> None:
    lab = Lab(work / "system", BUILDS["release"] / "pvh", BUILDS["asan"] / "pvh")
    report.run([Case("system/lab", lab.prepare)])  # named apart: a download that fails is not a boot that fails
    if not lab.ready and not report.count("failed"):
        lab.prepare()  # it was not among the names asked for
    if not lab.ready:
        return
    groups = (unpacking, caching, malformed, memory, boots, disks, busy, net, guests, conform, endings, footprint, hostile, hosts, leftovers, measurements)
    # More than there are processors: many cases only wait, and that the machine is busy must not matter to a guest.
    report.run([case for group in groups for case in group.cases(lab, full)], workers=JOBS + 1)
