"""Boots in a row, and the benchmarks' own working. Times are judged only in a full run: a shared machine has none."""

import json

from report import Case
from stages import ROOT, command

from .lab import Lab


def boots_in_a_row(lab: Lab, boots: int) -> None:
    """Each ends in power-off; none hangs. With 1 and 2 CPUs in turn."""
    words = [ROOT / "bench" / "boots", "--json", "--boots", boots, "--kernel", lab.elf("6.1-cloud"), "--pvh", lab.pvh]
    figures = json.loads(command(*words, *([] if boots >= 100 else ["--no-peer"]), timeout=1800))
    assert figures["n"] == boots and figures["power_offs"] == boots, figures
    if boots >= 100:
        assert figures["ratio"] <= 1.2, figures


def inspect_and_plan(lab: Lab, times: int, judge: bool) -> None:
    figures = json.loads(command(ROOT / "bench" / "inspect", "--json", "--runs", times, "--kernel", lab.elf("6.1-cloud"),
                                 "--pvh", lab.pvh))
    assert figures["n"] == times, figures
    if judge:
        assert max(figures["inspect_over_readelf"], figures["plan_over_readelf"]) <= 1.0, figures


def devices(lab: Lab) -> None:
    """Disks and network cards beside QEMU's, ratio by ratio; a little below 1 is what a busy machine makes of equals."""
    figures = json.loads(command(ROOT / "bench" / "devices", "--json", "--rounds", 5, "--no-counts", "--pvh", lab.pvh))
    ratios = {name: value for name, value in figures.items() if name.endswith("_over_qemu")}
    assert len(ratios) == 24 and min(ratios.values()) >= 0.9, figures


def cases(lab: Lab, full: bool) -> list[Case]:
    boots = 100 if full else 10
    return [
        Case(f"system/bench/{boots} boots in a row", lambda: boots_in_a_row(lab, boots)),
        Case("system/bench/inspect and plan", lambda: inspect_and_plan(lab, 100 if full else 30, full)),
        *([Case("system/bench/devices", lambda: devices(lab))] if full else []),
    ]
