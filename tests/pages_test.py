#!/usr/bin/env python3
"""Each room has a README, and links and file names in pages and sources lead to files of this tree."""

import re
import sys
from pathlib import Path

from includes import ROOT, SOURCES, WINGS, rooms

LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)[^)]*\)")
# A file named with a folder of this tree: `kvm/machine.cpp`. Other projects' files are named in pages too.
NAMED = re.compile(r"(?<![\w./$~<{}*-])((?:[\w-]+/)+[\w-]+\.(?:hpp|cpp|h|c|S|py|md|sh))(?![\w*])")
# Also where rooms lay before.
FORMER = ("engine", "runners")
# Names files of a copy that it makes.
OF_A_COPY = Path("tests/abi/clauses.sh")
FOLDERS = (*WINGS, "cmake", "docs", "examples", "scripts", "packaging")


def pages() -> list[Path]:
    """Pages, scripts and sources, relative to the tree."""
    inside = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if "corpus" not in path.parts)
    wanted = [path for path in (*ROOT.iterdir(), *inside)
              if path.is_file() and (path.suffix in {*SOURCES, ".md", ".cmake", ".py", ".sh", ".txt", ".1", ""})]
    return sorted(path.relative_to(ROOT) for path in wanted)


def faults() -> list[str]:
    files = pages()
    out = [f"{room}: has no README.md" for room in rooms()
           if not (ROOT / room / "README.md").exists() and room != "fuzz"]
    ours = {*FOLDERS, *FORMER, *(Path(room).name for room in rooms())}
    endings = {"/".join(file.parts[at:]) for file in files for at in range(len(file.parts))}
    for file in files:
        text = (ROOT / file).read_text(errors="replace")
        if file.suffix == ".md":
            out += [f"{file}: link to {link}, which is not there" for link in LINK.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL))
                    if not (ROOT / file.parent / link).exists()]
        for line in text.splitlines() if file != OF_A_COPY else []:
            if "#include" in line or "# include" in line:
                continue
            out += [f"{file}: names {name}, which is not there" for name in NAMED.findall(line)
                    if name.split("/")[0] in ours and name not in endings]
    return out


def main() -> int:
    found = faults()
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
