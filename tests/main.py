"""Builds everything and runs every test; ./test is the way in."""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import stages
from report import Report


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./test", description="Builds pvh in every way and runs every test.",
        epilog="NAME is a test or a group of them: build, unit, unit/asan, fuzz, format, tidy, system, "
               "system/boot, 'system/boot/*6.12*' …")
    parser.add_argument("--full", action="store_true",
                        help="fuzz for ten minutes, boot a hundred times, run clang-tidy, and measure")
    parser.add_argument("--keep", action="store_true", help="keep the files that the tests made, and say where")
    parser.add_argument("names", nargs="*", metavar="NAME")
    return parser.parse_args()


def run_stages(report: Report, work: Path, full: bool) -> None:
    # What is tested must be built, whatever was asked for.
    report.patterns, asked = [], report.patterns
    report.run(stages.builds() if needs_builds(asked) else [])
    report.patterns = asked
    if report.count("failed"):
        return
    if report.wants("unit"):
        for preset in stages.BUILDS:
            if not asked or any(f"unit/{preset}".startswith(name) or name.startswith(f"unit/{preset}") for name in asked):
                stages.unit_tests(report, preset, work)
        report.run(stages.thread_tests())
    if report.wants("system"):
        import system
        system.run(report, work, full)
    report.run(stages.formatting() + stages.scripts())
    if report.wants("fuzz"):
        report.run(stages.fuzzers(work, 600 if full else 20), workers=stages.JOBS)
    # Ten minutes of two processors: more than a developer waits for each time.
    if report.wants("tidy") and (full or asked):
        report.run(stages.tidiness(full), workers=stages.JOBS, quiet=True)


def needs_builds(asked: list[str]) -> bool:
    return not asked or any(name.split("/")[0] not in ("format", "scripts") for name in asked)


def main() -> int:
    options = arguments()
    start = time.monotonic()
    work = Path(tempfile.mkdtemp(prefix="pvh-test-"))
    report = Report(options.names)
    try:
        run_stages(report, work, options.full)
    finally:
        if options.keep:
            print(f"\nThe tests' files are in {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)
    print(f"\n{time.monotonic() - start:.0f} seconds")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
