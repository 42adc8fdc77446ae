"""pvh conform: every producer of this machine in the short matrix, by the exit codes and in every form of report."""

import json
import subprocess
import time
import xml.etree.ElementTree as ElementTree

from report import Case

from .browser import Browser
from .lab import Lab, needs_kvm

OURS = ("pvh-qemu", "pvh-kvm")
QEMUS = ("qemu-microvm", "qemu-q35", "qemu-pc")
# What QEMU 7.2 and qboot are known to do, found without being told.
KNOWN = {
    "qemu-microvm": {"NOTE-1", "NOTE-3", "START-6", "START-8", "MAP-3", "CPU-4", "PLACE-1", "PLACE-2"},
    "qemu-q35": {"NOTE-1", "NOTE-3", "START-5", "CPU-4", "PLACE-1", "PLACE-2"},
    "qemu-pc": {"NOTE-1", "NOTE-3", "START-5", "CPU-4", "PLACE-1", "PLACE-2"},
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
    for name, known in KNOWN.items():
        found = broken(reports[name]["results"])
        assert known <= set(found), f"{name}: not found: {known - set(found)}"
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
        Case("system/conform/any monitor", lambda: any_monitor(lab)),
    ]
