"""The stages that need no guest: builds, unit tests, fuzzers, format and clang-tidy."""

import os
import re
import shutil
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

from report import Case, Report, Result

ROOT = Path(__file__).resolve().parent.parent
JOBS = os.cpu_count() or 2
BUILDS = {"release": ROOT / "build", "asan": ROOT / "build-asan"}
# Only what has threads of its own: the rest would be built a third time for nothing.
THREADS = ROOT / "build-tsan"
THREAD_TESTS = ("kvm_parts_test", "kvm_test")


def command(*words: object, timeout: float = 1800, **options) -> str:
    """What a command prints; AssertionError with all of it where it fails."""
    try:
        done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=timeout, **options)
    except subprocess.TimeoutExpired as late:
        raise AssertionError(f"{words[0]} did not end within {timeout} s") from late
    assert done.returncode == 0, f"{words[0]} ended with {done.returncode}\n{tail(done.stdout)}"
    return done.stdout


def tail(text: str, lines: int = 60) -> str:
    return "\n".join(text.splitlines()[-lines:])


def build(preset: str, tree: Path, *targets: str) -> None:
    """Configures and builds `preset`, all of it or only `targets`; warnings are errors (CMakePresets.json)."""
    cache = tree / "CMakeCache.txt"
    here = (tree / "build.ninja").exists() and cache.exists() and f"CMAKE_HOME_DIRECTORY:INTERNAL={ROOT}\n" in cache.read_text()
    command("cmake", "--preset", preset, *([] if here else ["--fresh"]), cwd=ROOT)
    command("cmake", "--build", tree, "--parallel", JOBS, *(word for target in targets for word in ("--target", target)))


def builds() -> list[Case]:
    return [*(Case(f"build/{preset}", lambda preset=preset: build(preset, BUILDS[preset])) for preset in BUILDS),
            Case("build/tsan", lambda: build("tsan", THREADS, "pvh", *THREAD_TESTS))]


def thread_tests() -> list[Case]:
    """The monitor's tests under the sanitizer of threads."""
    return [Case(f"unit/tsan/{name}", lambda name=name: command(THREADS / "monitor" / "kvm" / name, timeout=300) and None)
            for name in THREAD_TESTS]


def unit_tests(report: Report, preset: str, work: Path) -> None:
    """Runs the CTest tests of one build. Each of them counts, and of a program of GoogleTest cases each case."""
    results, programs = work / f"ctest-{preset}.xml", work / f"programs-{preset}"
    start = time.monotonic()
    # One more than there are processors, since some tests wait for a clock or a guest.
    subprocess.run(["ctest", "--test-dir", BUILDS[preset], "--output-junit", results, "--parallel", str(JOBS + 1),
                    "--timeout", "600", "--test-output-size-passed", "10000000", "--test-output-size-failed", "10000000"],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                   env=os.environ | {"GTEST_OUTPUT": f"xml:{programs}/"})
    if not results.exists():
        report.add(Result(f"unit/{preset}", "failed", "ctest wrote no results: was it built?"))
        return
    before = report.count("passed")
    for test in ElementTree.parse(results).getroot().iter("testcase"):
        for result in unit_results(f"unit/{preset}", test, programs):
            report.add(result, quiet=True)
    print(f"unit/{preset}: {report.count('passed') - before} passed in {time.monotonic() - start:.0f} s", flush=True)


def unit_results(group: str, test: ElementTree.Element, programs: Path) -> list[Result]:
    """What a CTest test comes to; the cases of a program are in its own report, or in its output where it died."""
    whole, output = unit_result(group, test), test.findtext("system-out") or ""
    if not whole.name.endswith("_test"):
        return [whole]
    own = programs / f"{test.get('name')}.xml"
    cases = reported(group, own, output) if own.exists() else told(group, output)
    if whole.status == "passed" and not own.exists():
        whole = Result(whole.name, "failed", f"it ended before its last case\n{tail(output)}", whole.seconds)
    if whole.status == "passed" and not cases:
        whole = Result(whole.name, "failed", "it has no cases", whole.seconds)
    # Its own failure is one where no case is to blame: a leak that is found at its end, say, or a death between two cases.
    blamed = any(case.status == "failed" for case in cases)
    return cases if whole.status == "passed" or blamed else [*cases, whole]


def reported(group: str, report: Path, output: str) -> list[Result]:
    """The cases of a program that came to its end, as GoogleTest reports them."""
    def result(case: ElementTree.Element) -> Result:
        name = f"{case.get('classname')}.{case.get('name')}"
        seconds = float(case.get("time") or 0)
        if case.get("status") != "run":
            return Result(f"{group}/{name}", "skipped", "it is disabled", seconds)
        if case.find("failure") is not None:
            return Result(f"{group}/{name}", "failed", tail(printed(output, name)), seconds)
        if case.find("skipped") is not None:
            return Result(f"{group}/{name}", "skipped", reason(printed(output, name)), seconds)
        return Result(f"{group}/{name}", "passed", "", seconds)
    return [result(case) for case in ElementTree.parse(report).getroot().iter("testcase")]


def told(group: str, output: str) -> list[Result]:
    """The cases of a program that died, as far as it came: the one that it died in has failed, and what comes after is not there."""
    words = {"OK": "passed", "SKIPPED": "skipped", "FAILED": "failed"}
    ends = {name: (words[word], int(ms) / 1000) for word, name, ms in
            re.findall(r"\[ +(OK|SKIPPED|FAILED) +\] ([^\s,]+)(?:, where .*?)? \((\d+) ms\)", output)}
    out = []
    for name in dict.fromkeys(re.findall(r"\[ RUN      \] (\S+)", output)):
        text = tail(printed(output, name))
        if name not in ends:
            out.append(Result(f"{group}/{name}", "failed", f"{text}\nthe program ended in this case".lstrip()))
            continue
        status, seconds = ends[name]
        out.append(Result(f"{group}/{name}", status, {"passed": "", "skipped": reason(text)}.get(status, text), seconds))
    return out


def printed(output: str, name: str) -> str:
    """What a case printed."""
    text = output.partition(f"[ RUN      ] {name}\n")[2]
    return re.split(rf"\[ +(?:OK|SKIPPED|FAILED) +\] {re.escape(name)}\b|\[ RUN      \]", text)[0]


def reason(text: str) -> str:
    """Why a case was skipped; the line before says where."""
    return text.partition(": Skipped\n")[2] or text


def unit_result(group: str, test: ElementTree.Element) -> Result:
    name, seconds = f"{group}/{test.get('name')}", float(test.get("time") or 0)
    output = test.findtext("system-out") or ""
    # CTest calls skipped, too, what it could not start; of a test that says so itself it names the exit code.
    skipped = test.find("skipped")
    if skipped is not None and (test.get("status") != "notrun" or skipped.get("message", "").startswith("SKIP_RETURN_CODE")):
        return Result(name, "skipped", tail(output, 3), seconds)
    if test.get("status") == "run":
        return Result(name, "passed", "", seconds)
    return Result(name, "failed", tail(output), seconds)


def fuzzers(work: Path, seconds: int) -> list[Case]:
    """Each fuzzer, for its share of `seconds`, from its corpus."""
    found = sorted(path for path in BUILDS["asan"].glob("**/*_fuzz") if os.access(path, os.X_OK) and path.is_file())
    share = max(3, seconds * JOBS // max(1, len(found)))

    def fuzz(fuzzer: Path) -> None:
        fresh = work / "fuzz" / fuzzer.name
        fresh.mkdir(parents=True, exist_ok=True)
        corpus = ROOT / "fuzz" / "corpus" / fuzzer.name
        command(fuzzer, f"-max_total_time={share}", "-timeout=20", "-rss_limit_mb=3072", "-print_final_stats=1",
                f"-artifact_prefix={fresh}/", fresh, *([corpus] if corpus.is_dir() else []), timeout=share + 300)

    return [Case(f"fuzz/{fuzzer.name}", lambda fuzzer=fuzzer: fuzz(fuzzer)) for fuzzer in found]


def sources(*endings: str) -> Iterator[Path]:
    """The project's own sources with one of these endings."""
    for directory in sorted(ROOT.iterdir()):
        if directory.is_dir() and not directory.name.startswith((".", "build")):
            yield from (path for path in sorted(directory.rglob("*")) if path.suffix in endings)


def formatting() -> list[Case]:
    files = list(sources(".cpp", ".hpp", ".c", ".h"))
    return [Case("format", lambda: command("clang-format-19", "--dry-run", "-Werror", *files) and None)]


def tidiness(full: bool) -> list[Case]:
    """clang-tidy on each compiled file; of the tests only in a full run, since they take the longest."""
    database = BUILDS["release"] / "compile_commands.json"
    compiled = set(re.findall(r'"file": "([^"]+)"', database.read_text())) if database.exists() else set()
    files = [path for path in sources(".cpp") if str(path) in compiled and (full or not is_test(path))]

    def tidy(path: Path) -> None:
        command("clang-tidy-19", "--quiet", "-p", database.parent, path, "--extra-arg=-Wno-unknown-warning-option")

    return [Case(f"tidy/{path.relative_to(ROOT)}", lambda path=path: tidy(path)) for path in files]


def is_test(path: Path) -> bool:
    return path.stem.endswith(("_test", "_fuzz")) or "tests" in path.parts or "testing" in path.parts


def scripts() -> list[Case]:
    """Every shell script at least parses."""
    def parses() -> None:
        for path in [ROOT / "run", ROOT / "test", ROOT / ".ci" / "run", *sorted((ROOT / "scripts").iterdir())]:
            if path.is_file() and path.read_bytes().startswith(b"#!/bin/bash"):
                command("bash", "-n", path)
    assert shutil.which("bash")
    return [Case("scripts", parses)]
