#!/usr/bin/env python3
"""Dependencies point one way (CONTRIBUTING.md, "Rooms").

A room's sources may include headers of the rooms that its CMakeLists.txt names, and those rooms are added before it. They
may not include another room's private headers. guest/ and host/ do not include each other, and only conform/ and tests/ see both.
Targets pass their own dependencies on, so that the compiler does not find a room that is used and not named.
"""

import re
import sys
from pathlib import Path

from includes import ROOT, WINGS, Includes, room_of, rooms, sources

SEE_BOTH = ("conform/", "tests")


def is_test(file: Path) -> bool:
    return file.stem.endswith("_test") or file.parts[0] in ("tests", "fuzz", "bench") or any("testing" in part for part in file.parts[:-1])


def target_names(folders: list[str]) -> dict[str, str]:
    """Each room's folder by the name of its target, without pvh_."""
    names = {}
    for folder in folders:
        text = (ROOT / folder / "CMakeLists.txt").read_text()
        name = re.search(r"^pvh_room\(\s*(\w+)", text, re.MULTILINE)
        names[name.group(1) if name else Path(folder).name] = folder
    return names


def declared(folder: str, targets: dict[str, str]) -> set[str]:
    """The rooms that a room names: after USES, or by their targets if it is not a pvh_room."""
    text = re.sub(r"#.*", "", (ROOT / folder / "CMakeLists.txt").read_text())
    room = re.search(r"^pvh_room\(([^)]*)\)", text, re.MULTILINE)
    if room:
        uses = re.search(r"\bUSES\b(.*?)(?:\bLIBRARIES\b|\bSOURCES\b|$)", room.group(1), re.DOTALL)
        return {targets[word] for word in (uses.group(1).split() if uses else []) if word in targets}
    words = re.findall(r"\bpvh_(\w+)", text)
    return {place for name, place in targets.items() if any(re.fullmatch(rf"{name}(_freestanding|_small)?\d*|{name}_freestanding\S*", word)
                                                            for word in words)}


def faults() -> list[str]:
    order = rooms()
    targets = target_names(order)
    uses = {folder: declared(folder, targets) for folder in order}
    out = [f"{folder}/CMakeLists.txt: names {used}, which is added after it: a dependency may only point up the list in CMakeLists.txt"
           for folder in order for used in uses[folder] if order.index(used) > order.index(folder)]
    wings = [folder.split("/")[0] for folder in order]
    if sorted(wings, key=WINGS.index) != wings:
        out.append(f"CMakeLists.txt: the rooms are not in the order of the wings, {', '.join(WINGS)}")
    files = sources()
    includes = Includes(files)
    for file in files:
        room = room_of(file, order)
        sides = {}
        for name, header in includes.of(file):
            other = room_of(header, order)
            sides[header.parts[0]] = name
            if room is None or other is None or other == room or is_test(file):
                continue
            if other not in uses[room]:
                out.append(f'{file}: includes "{name}" of {other}, which {room}/CMakeLists.txt does not name')
            elif order.index(other) > order.index(room):
                out.append(f'{file}: includes "{name}" of {other}, which is above {room}')
            if (ROOT / other / "include").exists() and Path(other, "include") not in header.parents:
                out.append(f'{file}: includes "{name}", which is private to {other}')
        own = {file.parts[0]} | set(sides)
        if {"guest", "host"} <= own and not str(file).startswith(SEE_BOTH):
            side = "host" if file.parts[0] == "guest" else "guest"
            out.append(f'{file}: includes "{sides[side]}": guest/ and host/ do not see each other, and only conform/ and tests/ see both')
    return out


def main() -> int:
    found = faults()
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
