"""pvh conform: every producer of this machine in the short matrix, by the exit codes and in every form of report."""

import json
import os
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from report import Case, Skip

from .browser import Browser
from .guests import ENGINES, HELLOS, KERNELS
from .lab import FLAVOURS, Lab, needs_kvm

OURS = ("pvh-qemu", "pvh-kvm")
QEMUS = ("qemu-microvm", "qemu-q35", "qemu-pc")
QEMU_NOTES = ("NOTE-1", "NOTE-2", "NOTE-3", "NOTE-4", "NOTE-5")
# What QEMU 7.2, qboot and Xen 4.17 are known to do, found without being told.
KNOWN = {
    "qemu-microvm": {*QEMU_NOTES, "START-6", "START-8", "MAP-3", "CPU-4", "PLACE-1", "PLACE-2"},
    "qemu-q35": {*QEMU_NOTES, "START-5", "CPU-4", "PLACE-1", "PLACE-2"},
    "qemu-pc": {*QEMU_NOTES, "START-5", "CPU-4", "PLACE-1", "PLACE-2"},
    "xen": {"NOTE-2", "NOTE-4", "NOTE-5", "MAP-3", "PLACE-2"},
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
        assert KNOWN[name] == set(found), f"{name}: not found: {KNOWN[name] - set(found)}; found besides: {set(found) - KNOWN[name]}"
    captures = sorted(folder.iterdir())
    again = call(lab, "judge", "--json", *captures)
    assert again.returncode == 1
    for report in json.loads(again.stdout):
        assert broken(report["results"]) == broken(reports[report["producer"]]["results"]), report["producer"]
    failures = sum(int(s.get("failures")) for s in ElementTree.parse(suite).getroot().iter("testsuite"))
    breaches = [r["severity"] for report in reports.values() for r in report["results"] if r["verdict"] == "broken"]
    assert failures == breaches.count("must")
    tap = call(lab, "judge", "--tap", *captures).stdout
    assert tap.count("\nnot ok ") == len(breaches) and tap.startswith("TAP version 13\n1..")
    assert tap.count(" # TODO should\n") == breaches.count("should")
    told = {r["case"] for r in reports["qemu-q35"]["results"] if r["verdict"] == "pass"}
    assert "registers at the entry" in told, "QEMU's registers were missed"
    look_at(lab, page, len(QEMUS))


def qemu_under_kvm(lab: Lab, name: str, matrix: str) -> None:
    """The same faults on a processor of another kind; a kernel that is overwritten does not come so far as to tell."""
    needs_kvm()
    done = call(lab, "producer", f"{name}-kvm", "--matrix", matrix, "--json", limit=3600)
    found = set(broken(json.loads(done.stdout)["results"]))
    assert done.returncode == 1 and KNOWN[name] - {"PLACE-1"} <= found, f"not found: {KNOWN[name] - found}"


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
    assert done.returncode == 1 and KNOWN["xen"] == set(found), found
    assert matrix != "short" or time.monotonic() - start < 150, "Xen's short matrix leaves no time for the others"
    passed = {r["clause"] for r in report["results"] if r["verdict"] == "pass"}
    assert {"CPU-3", "CPU-4", "START-5", "START-6", "PLACE-3"} <= passed, passed
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


def qemu_not_here(lab: Lab) -> None:
    """Without a QEMU nothing was learned of those that need one."""
    for name in ("pvh-qemu", *QEMUS):
        done = call(lab, "producer", name, "--qemu", "/nonexistent/qemu", "--json")
        report = json.loads(done.stdout)
        assert done.returncode == 1 and "/nonexistent/qemu cannot be started" in report["not_run"] and not report["results"], report


def open_all(browser: Browser, page: Path) -> int:
    """Opens every cell as a person would. Each shows something; one that is broken shows its two sides. Gives how many there are."""
    browser.open(page)
    cells = browser.ask("document.querySelectorAll('td details').length")
    opened = browser.ask("""[...document.querySelectorAll('td details')].filter(cell => {
        cell.querySelector('summary').click();
        const box = cell.lastElementChild.getBoundingClientRect();
        return cell.open && box.width > 50 && box.height > 10;
    }).length""")
    assert opened == cells, f"{opened} of {cells} cells open"
    assert browser.ask("""[...document.querySelectorAll('details.broken')].every(cell =>
        (cell.querySelector('dd.seen') ?? cell.querySelector('dd.words')).textContent && cell.querySelector('dd.owed').textContent)""")
    return cells


def leave_one_open(browser: Browser) -> None:
    """For the picture: the first broken cell, at the top."""
    browser.ask("document.querySelectorAll('td details').forEach(cell => cell.open = false)")
    browser.ask("const first = document.querySelector('details.broken'); first.open = true; first.scrollIntoView({block: 'center'})")


def look_at(lab: Lab, page: Path, producers: int) -> None:
    with Browser() as browser:
        cells = open_all(browser, page)
        assert cells % producers == 0 and cells >= 20 * producers, cells
        assert browser.ask("document.querySelectorAll('details.broken').length") > 0
        # Drawn to scale: a byte of RAM is as wide as any other byte of it in the same drawing.
        assert browser.ask("document.querySelectorAll('svg rect.t1').length") > 0
        leave_one_open(browser)
        browser.screenshot(lab.work / "conform.png")
        assert not browser.errors, browser.errors


def look_at_consumer(lab: Lab, page: Path, results: int, bad: int) -> None:
    with Browser() as browser:
        assert open_all(browser, page) == results
        assert browser.ask("document.querySelectorAll('details.broken').length") == bad > 0
        leave_one_open(browser)
        browser.screenshot(lab.work / "consumer.png")
        assert not browser.errors, browser.errors


def any_monitor(lab: Lab) -> None:
    """A command's guest is read from standard output or from a file; what hangs, dies or talks nonsense has a verdict."""
    template = (f"command:{lab.pvh} run --engine qemu {{kernel}} -m {{memory}}M --cpus {{cpus}} [--initrd {{initrd}}] "
                "[--append {cmdline}] -q")
    done = call(lab, "producer", template, "--json")
    report = json.loads(done.stdout)
    assert not broken(report["results"]), broken(report["results"])
    for command, word in (("sh -c 'sleep 60'", "within"), ("sh -c 'kill -9 $$'", "signal 9"), ("sh -c 'head -c 100000 /dev/urandom'", "printed"),
                          ("sh -c 'echo no such thing >&2; exit 3'", "no such thing")):
        start = time.monotonic()
        done = call(lab, "producer", f"command:{command} {{kernel}} {{cmdline}}", "--json", "--timeout", "0.5")
        assert done.returncode == 1 and time.monotonic() - start < 30, f"{command}: {done.stderr}"
        assert word in broken(json.loads(done.stdout)["results"])["START-1"], f"{command}: {done.stdout[:2000]}"
    done = call(lab, "producer", "command:/nonexistent/monitor {kernel}", "--json")
    assert done.returncode == 1 and "/nonexistent/monitor" in json.loads(done.stdout)["not_run"], done.stdout


def wrong_commands(lab: Lab) -> None:
    """A command that cannot be meant is wrong usage, said before anything is run."""
    for template, words in (("monitor", "does not say where the kernel goes"), ("monitor 'one {kernel}", "a ' without its end"),
                            ("monitor {kernel} [--initrd {initrd}", "a [ without its end"), ("monitor ] {kernel}", "a ] without a ["),
                            ("monitor {kernel} [ a [ {initrd} ] ]", "a [ inside of [ ]"), ("monitor {kernal}", "{kernal}"),
                            ("monitor {kernel} {mem}", "{kernel}, {initrd}, {cmdline}, {memory}, {cpus}, {output}")):
        for more in ([], ["--json"]):
            done = call(lab, "producer", "pvh-qemu", f"command:{template}", *more)
            assert done.returncode == 2 and words in done.stderr, f"{template}: {done.returncode} {done.stderr}"
            assert not more or words in json.loads(done.stdout)["error"]["sentence"] + json.loads(done.stdout)["error"]["remedy"]


def told_little(lab: Lab) -> None:
    """What a command has no word for is unknown: the rest is run, and judged without it."""
    done = call(lab, "producer", f"command:{lab.pvh} run --engine qemu {{kernel}} -m 200 --cpus 2 --append mine=1 -q", "--json", "--captures",
                lab.work / "told-little")
    report = json.loads(done.stdout)
    assert not broken(report["results"]), broken(report["results"])
    left = {each["case"]: each["why"] for each in report["left_out"]}
    assert left["no command line"] == "the command has no {cmdline}" and left["5 GiB"] == "the command has no {memory}", left
    ran = {r["case"] for r in report["results"]}
    assert {"plain", "ELF32", "e_entry 0", "8-aligned notes"} <= ran, ran
    for path in (lab.work / "told-little").iterdir():
        assert not {"memory", "cpus", "command_line", "modules", "acpi"} & set(json.loads(path.read_text())["case"]), path
    done = call(lab, "producer", "command:false {kernel}", "--json")
    seen = broken(json.loads(done.stdout)["results"])["START-1"]
    assert done.returncode == 1 and "exit code 1 and printed nothing" in seen, seen
    done = call(lab, "producer", "command:sh -c 'echo ${{HOME} {{x} {}; exit 3' {kernel}", "--json")
    assert "printed" not in (seen := broken(json.loads(done.stdout)["results"])["START-1"]) and seen.endswith("{x} {}"), seen


def floods(lab: Lab) -> None:
    """Monitors that print without an end, into a pipe or a file, take a bounded memory and their time."""
    for script in ("yes", "yes >&2", "exec >&- 2>&-; sleep 100", "setsid yes & exit 0", "yes >$1"):
        words = [str(lab.pvh), "conform", "producer", f"command:sh -c '{script}' {{output}} {{output}} {{kernel}}" if "$1" in script else
                 f"command:sh -c '{script}' {{kernel}}", "--json", "--timeout", "1"]
        start = time.monotonic()
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
            report = json.loads(child.stdout.read())
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 1 and broken(report["results"]), script
        assert usage.ru_maxrss < 700_000, f"{script}: {usage.ru_maxrss} KiB"
        assert time.monotonic() - start < 240, script


def children_are_waited_for(lab: Lab) -> None:
    """Also where the caller ignores SIGCHLD: then the kernel reaps the children itself, and nobody hears how they ended."""
    start = time.monotonic()
    done = subprocess.run([str(lab.pvh), "conform", "producer", "command:false {kernel}", "--json"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=600, check=False, preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    seen = broken(json.loads(done.stdout)["results"])["START-1"]
    assert done.returncode == 1 and "exit code 1 and printed nothing" in seen, seen
    assert time.monotonic() - start < 60, "each child was given its whole time"


def processes_with(word: str) -> list[str]:
    """The command lines in which it stands, of all processes but this one."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if word in line and int(path.parent.name) != os.getpid():
            found.append(line)
    return found


def signals(lab: Lab) -> None:
    """A signal ends what was started, and leaves neither folders nor processes; then it ends pvh."""
    kernel = KERNELS / "hello32.elf"
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        for name, words in (("stubborn", ["producer", "command:sh -c 'trap \"\" TERM INT HUP; sleep 300' MARK {kernel}"]),
                            ("ours", ["producer", "pvh-qemu", "--matrix", "full"]), ("qemu", ["producer", "qemu-q35", "--matrix", "full"]),
                            ("consumer", ["consumer", kernel])):
            folder = lab.work / f"signals-{name}-{number}"
            folder.mkdir()
            mark = str(folder)  # not its name alone: another run of the tests has the same
            # By its folder of temporary files, each child is known; hello's own copy for the consumer.
            own = folder / "kernel.elf"
            own.write_bytes(kernel.read_bytes())
            words = [str(own) if word == kernel else str(word).replace("MARK", mark) for word in words]
            # A shell that starts the tests in the background ignores SIGINT, and nohup SIGHUP. pvh would inherit that, and run the whole matrix.
            with subprocess.Popen([str(lab.pvh), "conform", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=os.environ | {"TMPDIR": str(folder)}, preexec_fn=lambda number=number: signal.signal(number, signal.SIG_DFL)) as child:
                deadline = time.monotonic() + 60
                # Not looked for again: between two cases there may be no child for a moment.
                while (found := len(processes_with(mark))) < (3 if name == "consumer" else 2) and time.monotonic() < deadline:
                    time.sleep(0.05)
                assert found >= 1, name
                child.send_signal(number)
                output, _ = child.communicate(timeout=120)
            assert child.returncode == -number, f"{name}: {child.returncode}"
            assert not output, f"{name}: {output[:200]}"
            deadline = time.monotonic() + 60
            while processes_with(mark) and time.monotonic() < deadline:
                time.sleep(0.1)
            assert not processes_with(mark), f"{name}: {processes_with(mark)}"
            left = [path.name for path in folder.iterdir() if path != own]
            assert not left, f"{name}: {left}"


HUNG = {"pvh_capture": 1, "producer": "mine", "outcome": "hung", "words": "no word in 20 s"}


def judged(lab: Lab) -> None:
    """The exit code and the words of `judge` agree, and no error is anything but JSON where JSON is asked for."""
    hung, about, twice, less = (lab.work / f"{name}.json" for name in ("hung", "about", "twice", "less"))
    hung.write_text(json.dumps(HUNG))
    about.write_text(json.dumps(HUNG | {"case": {"about": "START-1"}}))
    twice.write_text('{"pvh_capture": 1, "producer": "a", "outcome": "hung", "case": {"memory": 1, "memory": 2}}')
    for path, word in ((hung, "nothing was seen"), (about, "it does not keep the contract")):
        done = call(lab, "judge", path)
        assert done.returncode == 1 and word in done.stdout, done.stdout
    assert json.loads(call(lab, "judge", hung, "--json").stdout)["conclusion"] == "nothing seen"
    good = next(iter(sorted(captures_of_ours(lab))))
    done = call(lab, "judge", good)
    assert done.returncode == 0 and "; it breaks nothing that was seen; not seen: NOTE-1, " in done.stdout, done.stdout
    part = json.loads(good.read_text())
    del part["registers"]["cr4"]
    less.write_text(json.dumps(part))
    done = call(lab, "judge", less)
    assert done.returncode == 0 and ", CPU-2" in done.stdout.rpartition("not seen:")[2], done.stdout
    done = call(lab, "judge", less, hung)
    assert done.returncode == 1, done.stdout
    done = call(lab, "judge", twice, "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["error"]["subject"] == "case.memory", done.stdout
    for words, code in ((["judge", lab.work / "none.json"], 1), (["producer", "pvh-qemu", "--html", lab.work / "none" / "page.html"], 1), (["producer", "no-such"], 2), (["producer", "command:x"], 2),
                        (["producer", "pvh-qemu", "--captures", hung], 1), (["consumer", lab.work / "none.elf"], 1), (["consumer", hung], 1),
                        (["consumer", KERNELS / "hello32.elf", "--only", "plain,nowhere"], 2)):
        done = call(lab, *words, "--json")
        assert done.returncode == code and json.loads(done.stdout)["error"]["sentence"], f"{words}: {done.returncode} {done.stdout}"
    done = subprocess.run([str(lab.pvh), "conform", "producer", "command:false {kernel}", "--json"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=120, check=False, env=os.environ | {"TMPDIR": str(hung)})
    assert done.returncode == 1 and "no files can be written" in json.loads(done.stdout)["error"]["sentence"], done.stdout + done.stderr


def captures_of_ours(lab: Lab) -> list[Path]:
    """The captures of cases of which everything that was asked for is known."""
    folder = lab.work / "captures-ours"
    template = (f"command:{lab.pvh} run --engine qemu {{kernel}} -m {{memory}}M --cpus {{cpus}} [--initrd {{initrd}}] "
                "[--append {cmdline}] -q")
    done = call(lab, "producer", template, "--captures", folder, "--json")
    assert not broken(json.loads(done.stdout)["results"]), done.stdout
    return list(folder.iterdir())


def misplaced(lab: Lab) -> None:
    """An option of another action is wrong usage that names both."""
    for words in (["list", "--initrd", "x"], ["judge", "x", "--matrix", "full"], ["variants", "--tap"], ["producer", "pvh-qemu", "--engine", "kvm"],
                  ["boot", "plain", "x", "--json"]):
        done = call(lab, *words)
        option = next(word for word in words if word.startswith("--"))
        assert done.returncode == 2 and f"{option} belongs to" in done.stderr and f"conform {words[0]}: " in done.stderr, done.stderr


# ---- consumers ----

PLANTED = ("MAP-4", "START-8", "CONS-1", "CONS-4", "CPU-3", "CPU-6", "NOTE-6")
QUICK_LINUX = ("6.12-cloud",)
BAD = ("otherwise", "died")
# What Linux is known to do, found without being told: it counts entries in eight bits, and its table has 128 places.
LINUX = {"map-300": "as of the first 44 entries", "tables-above-1g": ""}
# For each run of ./test; the rest is for --full.
QUICK = ("version-0", "map-unsorted", "map-holes", "map-300", "modules-3-words", "command-line-none", "start-info-last-page",
         "tables-above-1g", "registers", "relocated")

ON_KVM = ("version-0", "no-map", "map-unsorted", "map-holes", "modules-3-words", "command-line-none", "no-rsdp", "start-info-last-page",
          "tables-above-1g", "selectors", "registers")


def consumer(lab: Lab, kernel: Path, *more: object, limit: float = 1800) -> tuple[dict, subprocess.CompletedProcess]:
    done = call(lab, "consumer", kernel, "--json", *more, limit=limit)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert report["format"] == 1, report
    return report, done


def bad_in(report: dict) -> dict[str, dict]:
    return {r["variant"]: r for r in report["results"] if r["verdict"] in BAD}


def our_kernel(lab: Lab, engine: str, name: str) -> None:
    """Survives all, and uses exactly what it was given."""
    if engine == "kvm":
        needs_kvm()
    # A KVM in software takes minutes for a long map where it is read without storage, as hello does.
    only = ["--only", ",".join(ON_KVM)] if engine == "kvm" and name in HELLOS else []
    # Without an RSDP hello has no way out but the time limit, and is done long before.
    limit = ["--timeout", "20"] if engine == "qemu" and name in HELLOS else []
    report, done = consumer(lab, KERNELS / f"{name}.elf", "--engine", engine, *only, *limit)
    others = {r["variant"]: (r["verdict"], r["seen"], r["words"]) for r in report["results"] if r["verdict"] != "exact"}
    left = {"relocated"} if name != "probe" and not only else set()
    assert set(others) == left and done.returncode == 0 and report["conforms"], others


def planted(lab: Lab, clause: str) -> None:
    """A bad consumer on a processor: found as its clause and no other."""
    report, done = consumer(lab, KERNELS / f"planted-{clause.lower()}.elf", "--timeout", "5")
    assert {r["clause"] for r in bad_in(report).values()} == {clause} and done.returncode == 1, bad_in(report)


def linux(lab: Lab, name: str, full: bool) -> None:
    more = [] if full else ["--only", ",".join(QUICK)]
    page, suite = lab.work / f"{name}.html", lab.work / f"{name}.xml"
    report, done = consumer(lab, lab.kernels[name].vmlinuz, "--timeout", "60", "--html", page, "--junit", suite, *more)
    bad = bad_in(report)
    assert report["kind"] == "linux" and done.returncode == 1, report
    for variant, words in LINUX.items():
        assert variant in bad and words in bad[variant]["seen"], f"{variant}: {bad.get(variant)}"
    exact = {r["variant"] for r in report["results"] if r["verdict"] == "exact"}
    assert {"plain", *QUICK} - exact <= {*LINUX, "version-0", "relocated"}, set(QUICK) - exact
    failures = sum(int(s.get("failures")) for s in ElementTree.parse(suite).getroot().iter("testsuite"))
    assert failures == sum(r["severity"] == "must" for r in bad.values()), failures
    look_at_consumer(lab, page, len(report["results"]), len(bad))


def reproduced(lab: Lab) -> None:
    """The command in a report does it again; an unknown variant is an error."""
    report, _ = consumer(lab, KERNELS / "planted-map-4.elf", "--only", "map-300")
    words = bad_in(report)["map-300"]["command"].split()
    assert words[:3] == ["pvh", "conform", "boot"], words
    again = call(lab, *words[2:], "--timeout", "20")
    assert again.returncode == 0 and "Goodbye" in again.stdout, again.stderr
    for wrong in (["consumer", KERNELS / "hello32.elf", "--only", "no-such"], ["boot", "no-such", KERNELS / "hello32.elf"]):
        done = call(lab, *wrong)
        assert done.returncode == 2 and "no variant no-such" in done.stderr, done.stderr
    moved = call(lab, "boot", "relocated", KERNELS / "hello32.elf")
    assert moved.returncode == 1 and "note 19" in moved.stderr, moved.stderr


def silent(lab: Lab) -> None:
    """A kernel that tells nothing lives where it ends as under the plain variant, or says what is expected."""
    report, _ = consumer(lab, KERNELS / "tiny.elf", "--only", "registers,map-1000", "--timeout", "5")
    assert {r["verdict"] for r in report["results"]} == {"cannot tell"}, report
    report, done = consumer(lab, KERNELS / "tiny.elf", "--only", "registers", "--expect", "no such words", "--timeout", "5")
    assert done.returncode == 1 and report["results"][0]["verdict"] == "died", report


def cases(lab: Lab, full: bool) -> list[Case]:
    matrix = "full" if full else "short"
    return [
        *(Case(f"system/conform/consumer {name}{words}", lambda engine=engine, name=name: our_kernel(lab, engine, name))
          for engine, words in ENGINES.items() for name in (*HELLOS, "probe")),
        *(Case(f"system/conform/planted {clause}", lambda clause=clause: planted(lab, clause)) for clause in PLANTED),
        *(Case(f"system/conform/consumer Linux {name}", lambda name=name: linux(lab, name, full)) for name in (FLAVOURS if full else QUICK_LINUX)),
        Case("system/conform/reproduced", lambda: reproduced(lab)),
        Case("system/conform/silent consumer", lambda: silent(lab)),
        *(Case(f"system/conform/{name}", lambda name=name: ours(lab, name, matrix)) for name in OURS),
        Case("system/conform/QEMU's machines", lambda: qemus(lab, matrix)),
        *(Case(f"system/conform/{name}-kvm", lambda name=name: qemu_under_kvm(lab, name, matrix)) for name in (QEMUS if full else QEMUS[:1])),
        Case("system/conform/xen", lambda: xen(lab, matrix)),
        Case("system/conform/xen that is not here", lambda: xen_not_here(lab)),
        Case("system/conform/QEMU that is not here", lambda: qemu_not_here(lab)),
        Case("system/conform/any monitor", lambda: any_monitor(lab)),
        Case("system/conform/wrong commands", lambda: wrong_commands(lab)),
        Case("system/conform/a command that tells little", lambda: told_little(lab)),
        Case("system/conform/floods", lambda: floods(lab)),
        Case("system/conform/children are waited for", lambda: children_are_waited_for(lab)),
        Case("system/conform/signals", lambda: signals(lab)),
        Case("system/conform/judged", lambda: judged(lab)),
        Case("system/conform/misplaced options", lambda: misplaced(lab)),
    ]
