#!/usr/bin/env python3
"""Every header compiles alone, with the options of its room, and is included somewhere.

headers_test.py COMPILE_COMMANDS [HEADER...]

A header that needs an include before it fails once the includes are sorted. A header that nothing includes is never
compiled, and with a room's include/ folder it is installed.

The build itself has compiled alone what a source includes before anything else. This test compiles the others.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from includes import INCLUDE, ROOT, Includes, headers, sources

SKIPPED = 77
# Rooms without a source of their own in the build that this test runs in: compiled as a neighbour is.
AS_IF_IN = {"fuzz": "monitor/virtio/testing", "abi": "guest/library"}
# What outsiders include.
PUBLIC = ("abi/include/", "guest/library/include/")


class Command(NamedTuple):
    options: list[str]
    precompiled: bool


def commands(path: Path) -> dict[Path, Command]:
    """For each source of this tree, the options that its headers need: where to look, what is defined, which language."""
    out = {}
    for entry in json.loads(path.read_text()):
        file = Path(entry["file"])
        if not file.is_relative_to(ROOT) or file.suffix not in (".c", ".cpp"):
            continue
        words = shlex.split(entry["command"])
        while words[0].startswith("/") and Path(words[0]).name == "ccache":
            words.pop(0)
        # A host without 32-bit libraries has no C++ headers for it; the same sources are compiled for 64 bits, too.
        if "-m32" in words:
            continue
        precompiled = any("cmake_pch" in word for word in words)
        options = [words[0]]
        for word, following in zip(words[1:], [*words[2:], ""]):
            if word in ("-isystem", "-I"):
                options += [word, following]
            elif word.startswith(("-I", "-D", "-std=", "-m", "-f")) and not word.startswith("-fsanitize"):
                options.append(word)
        relative = file.relative_to(ROOT)
        if relative not in out or len(options) > len(out[relative].options):
            out[relative] = Command(options, precompiled)
    return out


def options_for(header: Path, known: dict[Path, Command]) -> list[str] | None:
    """Those of a source in the header's folder, or in the nearest folder around it that has one."""
    if header.parts[0] in AS_IF_IN:
        header = Path(AS_IF_IN[header.parts[0]], header.name)
    kinds = (".c",) if header.suffix == ".h" else (".cpp",)
    for folder in header.parents:
        near = sorted(source for source in known if folder in source.parents and source.suffix in kinds)
        testing = any("testing" in part for part in header.parts)
        wanted = [source for source in near if source.stem.endswith("_test") == testing]
        if wanted or near:
            # Of those the one with the most folders to look in: a test program may have fewer.
            return max((known[source].options for source in wanted or near), key=lambda words: sum(word.startswith("-I") for word in words))
    return None


def compiled_alone(known: dict[Path, Command], includes: Includes) -> set[Path]:
    """What some source of the build includes first, before any definition, and without a precompiled header."""
    out = set()
    for source, command in known.items():
        first = re.search(r"^\s*#.*", (ROOT / source).read_text(), re.MULTILINE)
        name = INCLUDE.match(first.group()) if first else None
        header = includes.resolve(source, name.group(1)) if name else None
        if header is not None and not command.precompiled:
            out.add(header)
    return out


def fault_of(header: Path, options: list[str] | None) -> str | None:
    if options is None:
        return f"{header}: no source near it in compile_commands.json: add its folder to AS_IF_IN"
    language = "c" if header.suffix == ".h" else "c++"
    done = subprocess.run([*options, "-w", "-fsyntax-only", "-x", language, "-include", str(ROOT / header), "-"],
                          input="", capture_output=True, text=True, check=False)
    return f"{header}: does not compile alone\n{done.stderr.strip()}" if done.returncode else None


def main() -> int:
    path = Path(sys.argv[1])
    if not path.exists():
        print(f"{path} not found: configure with -DCMAKE_EXPORT_COMPILE_COMMANDS=ON")
        return SKIPPED
    files = sources()
    includes = Includes(files)
    included = {header for file in files for _, header in includes.of(file) if header != file}
    wanted = [Path(word) for word in sys.argv[2:]] or headers(files)
    faults = [f"{header}: nothing includes it" for header in wanted
              if header not in included and not str(header).startswith(PUBLIC)]
    known = commands(path)
    if not sys.argv[2:]:
        proved = compiled_alone(known, includes)
        wanted = [header for header in wanted if header not in proved]
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        faults += filter(None, pool.map(lambda header: fault_of(header, options_for(header, known)), wanted))
    for fault in faults:
        print(fault)
    print(f"{len(wanted)} headers compiled, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
