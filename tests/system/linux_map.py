"""The memory map as Linux shows it in /sys/firmware/memmap, from the one that it was given."""

Entry = tuple[int, int, str]  # start, last byte, Linux's word

WORDS = {1: "System RAM", 2: "Reserved", 3: "ACPI Tables", 4: "ACPI Non-volatile Storage", 5: "Unusable memory",
         7: "Persistent Memory"}
# Linux's direct boot entry adds this to every map: the range of the old ISA adapters.
ISA_RANGE = (0xA0000, 0x100000, 2)


def shown_by_linux(memory_map: list[dict]) -> list[Entry]:
    """A plan's map with Linux's own entry added; where two overlap the higher type wins; neighbours of a type merged."""
    given = [(entry["start"], entry["start"] + entry["size"], entry["type"]) for entry in memory_map] + [ISA_RANGE]
    edges = sorted({edge for start, end, _ in given for edge in (start, end)})
    merged: list[list[int]] = []
    for start, end in zip(edges, edges[1:]):
        types = [kind for low, high, kind in given if low <= start and end <= high]
        if not types:
            continue
        if merged and merged[-1][1] == start and merged[-1][2] == max(types):
            merged[-1][1] = end
        else:
            merged.append([start, end, max(types)])
    return [(start, end - 1, WORDS.get(kind, "Unknown E820 type")) for start, end, kind in merged]


def reported(facts: dict[str, list[str]]) -> list[Entry]:
    """The map as the guest reported it."""
    entries = []
    for line in facts.get("memmap", []):
        start, end, word = line.split(" ", 2)
        entries.append((int(start, 16), int(end, 16), word))
    return sorted(entries)


def drawn(entries: list[Entry]) -> str:
    return "\n".join(f"{start:#014x}-{end:#014x} {word}" for start, end, word in entries)
