"""pvh conform: every producer of this machine in the short matrix, by the exit codes and in every form of report."""

import json
import os
import subprocess
import time
import xml.etree.ElementTree as ElementTree

from report import Case, Skip

from .browser import Browser
from .lab import Lab, needs_kvm

OURS = ("pvh-qemu", "pvh-kvm")
QEMUS = ("qemu-microvm", "qemu-q35", "qemu-pc")
# What QEMU 7.2, qboot and Xen 4.17 are known to do, found without being told.
KNOWN = {
    "qemu-microvm": {"NOTE-1", "NOTE-3", "START-6", "START-8", "MAP-3", "CPU-4", "PLACE-1", "PLACE-2"},
    "qemu-q35": {"NOTE-1", "NOTE-3", "START-5", "CPU-4", "PLACE-1", "PLACE-2"},
    "qemu-pc": {"NOTE-1", "NOTE-3", "START-5", "CPU-4", "PLACE-1", "PLACE-2"},
    "xen": {"MAP-3"},
}


def call(lab: Lab, *words: object, limit: float = 600) -> subprocess.CompletedProcess:
    return subprocess.run([str(lab.pvh), "conform", *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=limit, check=False)


def broken(results: list[dict]) -> dict[str, str]:
    return {r["clause"]: f"{r['case']}: {r['seen']}" for r in results if r["verdict"] == "broken"}


def ours(lab: Lab, name: str, matrix: str) -> None:
    if name == "pvh-kvm":
        needs_kvm()
    done = call(lab, "producer", name, "--matrix", matrix, "--json", limit=3600)
    report = json.loads(done.stdout)
    assert done.returncode == 0 and report["conforms"], f"{broken(report['results'])} {done.stderr}"
    assert not report["left_out"], report["left_out"]


def qemus(lab: Lab, matrix: str) -> None:
    """All three, their captures judged again, and the page looked at."""
    folder, page, suite = lab.work / "captures", lab.work / "conform.html", lab.work / "conform.xml"
    start = time.monotonic()
    done = call(lab, "producer", *QEMUS, "--matrix", matrix, "--json", "--captures", folder, "--html", page, "--junit", suite, limit=3600)
    assert done.returncode == 1, done.stderr
    assert matrix != "short" or time.monotonic() - start < 180, "the short matrix takes longer than 3 minutes"
    reports = {report["producer"]: report for report in json.loads(done.stdout)}
    for name in QEMUS:
        found = broken(reports[name]["results"])
        assert KNOWN[name] <= set(found), f"{name}: not found: {KNOWN[name] - set(found)}"
    captures = sorted(folder.iterdir())
    again = call(lab, "judge", "--json", *captures)
    assert again.returncode == 1
    for report in json.loads(again.stdout):
        assert broken(report["results"]) == broken(reports[report["producer"]]["results"]), report["producer"]
    failures = sum(int(s.get("failures")) for s in ElementTree.parse(suite).getroot().iter("testsuite"))
    assert failures == sum(r["verdict"] == "broken" for report in reports.values() for r in report["results"])
    tap = call(lab, "judge", "--tap", *captures).stdout
    assert tap.count("\nnot ok ") == failures and tap.startswith("TAP version 13\n1..")
    look_at(lab, page, len(QEMUS))


def xen(lab: Lab, matrix: str) -> None:
    """All cases in one boot of Xen, and its faults found; what xl cannot be asked for is named, not passed."""
    folder = lab.work / "captures-xen"
    start = time.monotonic()
    done = call(lab, "producer", "xen", "--matrix", matrix, "--json", "--captures", folder, limit=3600)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    if "not_run" in report:
        raise Skip(report["not_run"])
    found = broken(report["results"])
    assert done.returncode == 1 and KNOWN["xen"] <= set(found), found
    assert matrix != "short" or time.monotonic() - start < 150, "Xen's short matrix leaves no time for the others"
    passed = {r["clause"] for r in report["results"] if r["verdict"] == "pass"}
    assert {"CPU-3", "CPU-4", "START-5", "START-6", "PLACE-2"} <= passed, passed
    assert {"three modules", "no ACPI", "300 map entries"} <= {left["case"] for left in report["left_out"]}, report["left_out"]
    first = json.loads(min(folder.iterdir()).read_text())
    assert report["version"].startswith("Xen 4.") and first["registers"]["cs"] == 0, "Xen's selectors are null; is this Xen?"


def xen_not_here(lab: Lab) -> None:
    """Where Xen cannot be had it says why: that is no verdict."""
    nowhere = lab.work / "apt.conf"
    nowhere.write_text('Acquire::http::Proxy "http://127.0.0.1:1";\nAcquire::https::Proxy "http://127.0.0.1:1";\nAcquire::Retries "0";\n')
    for words, word in (((), "cannot be fetched"), (("--qemu", "/nonexistent/qemu"), "/nonexistent/qemu is not installed")):
        done = subprocess.run([str(lab.pvh), "conform", "producer", "xen", *words, "--json"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=120, check=False, env=os.environ | {"PVH_CACHE": str(lab.work / "no-xen"), "APT_CONFIG": str(nowhere)})
        report = json.loads(done.stdout)
        assert done.returncode == 1 and word in report["not_run"] and not report["results"], report


def look_at(lab: Lab, page, producers: int) -> None:
    with Browser() as browser:
        browser.open(page)
        cells = browser.ask("document.querySelectorAll('td details').length")
        assert cells % producers == 0 and cells >= 20 * producers, cells
        # Each is clicked as a person would, and shows its two sides.
        opened = browser.ask("""[...document.querySelectorAll('td details')].filter(cell => {
            cell.querySelector('summary').click();
            const box = cell.querySelector('div').getBoundingClientRect();
            return cell.open && box.width > 50 && box.height > 10;
        }).length""")
        assert opened == cells, f"{opened} of {cells} cells open"
        sides = browser.ask("""[...document.querySelectorAll('details.broken')].every(cell =>
            cell.querySelector('dd.seen').textContent && cell.querySelector('dd.owed').textContent)""")
        assert sides and browser.ask("document.querySelectorAll('details.broken').length") > 0
        # Drawn to scale: a megabyte of a bar is as wide in each entry.
        assert browser.ask("document.querySelectorAll('svg rect.t1').length") > 0
        browser.ask("document.querySelector('details.broken summary').click()")
        browser.screenshot(lab.work / "conform.png")
        assert not browser.errors, browser.errors


def any_monitor(lab: Lab) -> None:
    """A command's guest is read from standard output or from a file; what hangs, dies or talks nonsense has a verdict."""
    template = (f"command:{lab.pvh} run --engine qemu {{kernel}} -m {{memory}}M --cpus {{cpus}} [--initrd {{initrd}}] "
                "[--append {cmdline}] -q")
    done = call(lab, "producer", template, "--json")
    report = json.loads(done.stdout)
    assert not broken(report["results"]), broken(report["results"])
    for command, word in (("sh -c 'sleep 60'", "within"), ("sh -c 'kill -9 $$'", "signal 9"), ("sh -c 'head -c 100000 /dev/urandom'", "printed"),
                          ("sh -c 'echo no such thing >&2; exit 3'", "no such thing"), ("/nonexistent/monitor", "could not be started")):
        start = time.monotonic()
        done = call(lab, "producer", f"command:{command} {{kernel}} {{cmdline}}", "--json", "--timeout", "0.5")
        assert done.returncode == 1 and time.monotonic() - start < 30, f"{command}: {done.stderr}"
        assert word in broken(json.loads(done.stdout)["results"])["START-1"], f"{command}: {done.stdout[:2000]}"


def cases(lab: Lab, full: bool) -> list[Case]:
    matrix = "full" if full else "short"
    return [
        *(Case(f"system/conform/{name}", lambda name=name: ours(lab, name, matrix)) for name in OURS),
        Case("system/conform/QEMU's machines", lambda: qemus(lab, matrix)),
        Case("system/conform/xen", lambda: xen(lab, matrix)),
        Case("system/conform/xen that is not here", lambda: xen_not_here(lab)),
        Case("system/conform/any monitor", lambda: any_monitor(lab)),
    ]
