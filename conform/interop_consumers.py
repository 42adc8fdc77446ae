"""The consumers' part of docs/interop.md: kernels under every variant of a start of day, run now by `pvh conform consumer`."""

import json
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OURS = ("hello32", "hello64", "probe")
SIGNS = {"exact": "exact", "cannot tell": "lives", "otherwise": "**otherwise**", "died": "**died**", "left out": "–"}


# What is known of a kernel that comes up in no variant. Typed.
REMARKS = {"xen-shim": "It is made to run with Xen beneath it, and crashes here before its first word. So no variant tells anything of it under `pvh`."}


@dataclass
class Consumer:
    name: str
    report: dict

    def of(self, variant: str) -> dict:
        return next(r for r in self.report["results"] if r["variant"] == variant)


def kernels() -> list[Path]:
    """Debian's three Linux kernels, our own, and xen-shim where scripts/xen-lab has unpacked it."""
    done = subprocess.run([ROOT / "scripts" / "kernels", "all"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    found = [Path(line) for line in done.stdout.splitlines()] + [ROOT / "build" / "kernels" / f"{name}.elf" for name in OURS]
    cache = subprocess.run(["bash", "-c", '. "$0/scripts/common.sh"; pvh_cache', ROOT], capture_output=True, text=True, check=True)
    return found + sorted(Path(cache.stdout.strip()).glob("xen-lab/*/xen-shim"))[:1]


def measure(pvh: str, timeout: str, paths: list[Path]) -> list[Consumer]:
    out = []
    for path in paths:
        print("consumer:", path.name, file=sys.stderr)
        done = subprocess.run([pvh, "conform", "consumer", path, "--json", "--timeout", timeout], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1) or not done.stdout:
            sys.exit(done.stderr)
        report = json.loads(done.stdout)
        out.append(Consumer(report["consumer"].removeprefix("vmlinuz-"), report))
    return out


def plain(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def evidence(result: dict) -> str:
    words = result["words"]
    return plain(result["seen"] + (f"; {words[:160]}" if words else ""))


def command_of(result: dict, consumer: Consumer) -> str:
    """How a person types it; the kernel without the folder that it lay in."""
    words = shlex.split(result["command"])
    return " ".join(Path(word).name if word.endswith(consumer.report["consumer"]) else word for word in words)


def page(pvh: str, timeout: str, paths: list[Path]) -> list[str]:
    variants = json.loads(subprocess.run([pvh, "conform", "variants", "--json"], capture_output=True, text=True, check=True).stdout)
    consumers = measure(pvh, timeout, paths)
    out = ["", "## Consumers",
           f"Each kernel under every variant of a start of day (`pvh conform variants`), by the engine qemu, waited for {timeout} s at most. *exact*: it came up and used exactly what it was "
           "given, by its own words; *lives*: it came up and cannot tell; *otherwise*: it came up and used something else; –: the variant cannot be made of "
           "this kernel, or tells nothing because a simpler one is not survived already. Linux tells by `/sys/firmware/memmap`, `/proc/iomem` and `/proc/cmdline`.",
           "", "| variant | clause | | " + " | ".join(c.name for c in consumers) + " |", "|---" * (len(consumers) + 3) + "|"]
    for variant in variants:
        cells = [SIGNS[c.of(variant["variant"])["verdict"]] for c in consumers]
        out.append(f"| {variant['variant']}: {variant['what']} | {variant['clause']} | {variant['severity']} | " + " | ".join(cells) + " |")
    out += ["", "### Their deviations, and how to see them"]
    for consumer in consumers:
        bad = [r for r in consumer.report["results"] if r["verdict"] in ("otherwise", "died")]
        if not bad:
            out += ["", f"#### {consumer.name}", f"None in {len(consumer.report['results'])} variants."]
            continue
        out += ["", f"#### {consumer.name}", "| clause | variant | seen | owed | again |", "|---|---|---|---|---|"]
        out += [f"| {r['clause']} | {r['variant']} | {evidence(r)} | {plain(r['owed'])} | `{plain(command_of(r, consumer))}` |" for r in bad]
        if consumer.name in REMARKS:
            out += ["", REMARKS[consumer.name]]
        out += [f"- left out: {r['variant']}: {plain(r['words'])}" for r in consumer.report["results"]
                if r["verdict"] == "left out" and "tells nothing" not in r["words"]]
    return out
