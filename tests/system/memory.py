"""Memory that is too small is refused with the size that would do; that size does, and one MiB less does not."""

import json
import re

from report import Case

from .lab import Lab

MIB = 1 << 20


def size_that_would_do(message: str) -> int:
    """In MiB, from the refusal."""
    match = re.search(r"(?:-m|--memory)[ =]?(\d+)M\b", message) or re.search(r"\b(\d+) ?M(?:iB)?\b(?!.*\b\d+ ?M)", message, re.S)
    assert match, f"the refusal names no size that would do: {message}"
    return int(match[1])


def names_the_size_that_would_do(lab: Lab, kernel: str, with_initrd: bool) -> None:
    arguments = [lab.kernels[kernel].vmlinuz, *(["--initrd", lab.initrd] if with_initrd else [])]
    refused = lab.call("plan", *arguments, "-m", "16M")
    assert refused.returncode == 1, f"16 MiB were not refused: {refused.returncode} {refused.stderr}"
    enough = size_that_would_do(refused.stderr)

    plan = lab.call("plan", *arguments, "-m", f"{enough}M", "--json")
    assert plan.returncode == 0, f"{enough} MiB were promised to do, but: {plan.stderr}"
    end = max(region["start"] + region["size"] for region in json.loads(plan.stdout)["regions"])
    assert end <= enough * MIB
    less = lab.call("plan", *arguments, "-m", f"{enough - 1}M")
    assert less.returncode == 1, f"{enough} MiB are named as the least, but {enough - 1} MiB do as well"
    assert size_that_would_do(less.stderr) == enough, less.stderr


def run_refuses_as_plan_does(lab: Lab) -> None:
    kernel = lab.kernels["6.1-cloud"].vmlinuz
    plan, run = (lab.call(verb, kernel, "--initrd", lab.initrd, "-m", "24M") for verb in ("plan", "run"))
    assert (plan.returncode, run.returncode) == (1, 1), (plan, run)
    assert plan.stderr == run.stderr, f"{plan.stderr}\n{run.stderr}"


def cases(lab: Lab, _full: bool) -> list[Case]:
    rows = [(kernel, initrd) for kernel in ("6.1-cloud", "6.12-cloud") for initrd in (False, True)]
    return [
        *(Case(f"system/memory/{kernel} {'with' if initrd else 'without'} initrd",
               lambda kernel=kernel, initrd=initrd: names_the_size_that_would_do(lab, kernel, initrd))
          for kernel, initrd in rows),
        Case("system/memory/run refuses as plan does", lambda: run_refuses_as_plan_does(lab)),
    ]
