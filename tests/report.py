"""What was tested and how it went."""

import threading
import time
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch


class Skip(Exception):
    """Raised by a case that this machine cannot run; the text says why."""


@dataclass
class Case:
    name: str  # "system/boot/…": stages and groups by slashes
    run: Callable[[], None]  # raises AssertionError or Skip
    turn: int = 0  # those of a lower one are begun first


@dataclass
class Result:
    name: str
    status: str  # "passed", "failed", "skipped"
    detail: str = ""
    seconds: float = 0.0


def matches(name: str, patterns: list[str]) -> bool:
    """Whether `name`, or a group that it is in, is one of `patterns`; no patterns match all."""
    return not patterns or any(fnmatch(name, p) or fnmatch(name, p.rstrip("/") + "/*") for p in patterns)


def may_match(group: str, patterns: list[str]) -> bool:
    """Whether `patterns` may name a case in `group`."""
    return not patterns or any(p.split("/")[0] == group or fnmatch(group, p.split("/")[0]) for p in patterns)


class Report:
    def __init__(self, patterns: list[str]):
        self.patterns = patterns
        self.results: list[Result] = []
        self._lock = threading.Lock()

    def wants(self, group: str) -> bool:
        return may_match(group, self.patterns)

    def add(self, result: Result, *, quiet: bool = False) -> None:
        """Notes `result`; `quiet` prints it only where it did not pass."""
        with self._lock:
            self.results.append(result)
            if quiet and result.status == "passed":
                return
            print(f"{result.status:8} {result.name} ({result.seconds:.1f} s)", flush=True)
            for line in result.detail.splitlines():
                print(f"         {line}", flush=True)

    def run(self, cases: Iterable[Case], *, workers: int = 1, quiet: bool = False) -> None:
        """Runs those of `cases` that are wanted, by their turn and else as they come."""
        chosen = sorted((case for case in cases if matches(case.name, self.patterns)), key=lambda case: case.turn)
        with ThreadPoolExecutor(max_workers=workers) as pool:
            list(pool.map(lambda case: self.add(outcome(case), quiet=quiet), chosen))

    def count(self, status: str) -> int:
        return sum(result.status == status for result in self.results)

    def finish(self) -> int:
        """Prints what did not pass, and the totals; returns the exit code."""
        for status in ("skipped", "failed"):
            those = [result for result in self.results if result.status == status]
            if those:
                print(f"\n{status.upper()}:")
            for result in those:
                first = result.detail.splitlines()[0] if result.detail else ""
                print(f"  {result.name}: {first}")
        if not self.results:
            print(f"nothing is called {', '.join(self.patterns)}")
        print(f"\n{self.count('passed')} passed, {self.count('failed')} failed, {self.count('skipped')} skipped")
        return 1 if self.count("failed") or not self.results else 0


def outcome(case: Case) -> Result:
    """Runs `case`."""
    start = time.monotonic()
    status, detail = "passed", ""
    try:
        case.run()
    except Skip as reason:
        status, detail = "skipped", str(reason)
    except AssertionError as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        status, detail = "failed", str(error) or f"{where.filename}:{where.lineno}: {where.line}"
    except Exception:  # a fault of the test itself is a failure, not the end of the run
        status, detail = "failed", traceback.format_exc()
    return Result(case.name, status, detail, time.monotonic() - start)
