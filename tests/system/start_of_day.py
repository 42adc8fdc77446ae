"""The probe's output (guest/kernels/README.md), read back: what a guest was handed, by any producer."""

import json
import struct
import zlib
from dataclasses import dataclass, field

FORMAT = 1
MAGIC = 0x336EC578
RAM = 1


@dataclass
class StartOfDay:
    """One run of the probe."""

    parts: list[dict] = field(default_factory=list)

    @staticmethod
    def read(text: str) -> "StartOfDay":
        """Every line is a JSON object of the format that we know, from "begin" to "end"; AssertionError where not."""
        parts = []
        for line in text.splitlines():
            try:
                parts.append(json.loads(line))
            except ValueError as error:
                raise AssertionError(f"not a line of JSON ({error}): {line[:200]!r}") from error
            assert parts[-1].get("pvh_probe") == FORMAT, f"not the probe's format {FORMAT}: {line[:200]!r}"
        assert parts and parts[0]["part"] == "begin" and parts[-1]["part"] == "end", f"cut short:\n{text[-500:]}"
        return StartOfDay(parts)

    def all(self, part: str, of: str | None = None) -> list[dict]:
        return [p for p in self.parts if p["part"] == part and of in (None, p.get("of"))]

    def one(self, part: str, of: str | None = None) -> dict:
        found = self.all(part, of)
        assert len(found) == 1, f"{len(found)} parts '{part}' {of or ''} where one was expected"
        return found[0]

    def bytes(self, of: str) -> bytes:
        """The memory shown of a thing that is there once."""
        pieces = self.all("memory", of)
        assert pieces, f"no memory of '{of}'"
        assert all(a["at"] + len(a["hex"]) // 2 == b["at"] for a, b in zip(pieces, pieces[1:])), f"'{of}' has gaps"
        return b"".join(bytes.fromhex(piece["hex"]) for piece in pieces)

    def start_info(self) -> dict[str, int]:
        names = ("magic", "version", "flags", "nr_modules", "modlist", "cmdline", "rsdp", "memmap", "memmap_entries", "reserved")
        return dict(zip(names, struct.unpack("<4I4Q2I", self.bytes("start_info")), strict=True))

    def memory_map(self) -> list[tuple[int, int, int]]:
        """(start, size, type) as they lie there; checked against the checksum that the guest made."""
        part, table = self.one("memory_map"), self.bytes("memory_map")
        assert part["cut"] or (len(table) == 24 * part["count"] and zlib.crc32(table) == part["crc32"]), "map and checksum differ"
        entries = list(struct.iter_unpack("<2Q2I", table))
        assert all(reserved == 0 for *_, reserved in entries), "reserved words of the map are not zero (MAP-1)"
        return [(start, size, kind) for start, size, kind, _ in entries]

    def command_line(self) -> str:
        part, text = self.one("string", "command_line"), self.bytes("command_line")
        assert part["terminated"] and text.endswith(b"\0"), part
        assert len(text) == part["length"] + 1 and zlib.crc32(text[:-1]) == part["crc32"], part
        return text[:-1].decode("ascii")

    def descriptor(self, selector: int) -> tuple[int, int, int]:
        """(base, limit, access byte with the flags above it) of a selector in the table that the guest found."""
        raw, = struct.unpack_from("<Q", self.bytes("gdt"), selector & ~7)
        base = raw >> 16 & 0xFFFFFF | raw >> 56 << 24
        limit = raw & 0xFFFF | (raw >> 48 & 0xF) << 16
        flags = raw >> 40 & 0xF0FF
        return base, limit << 12 | 0xFFF if flags & 0x8000 else limit, flags


def keeps_the_contract(day: StartOfDay) -> None:
    """What every producer owes, as far as registers and bytes show it, real ones with their known liberties included."""
    cpu = day.one("cpu")
    assert cpu["ebx"] == day.one("start_info")["at"], "CPU-1"
    assert cpu["cr0"] & ~0x10 == 1 and cpu["cr4"] == 0 and cpu["efer"] & 0x400 == 0, f"CPU-2: {cpu}"
    assert cpu["eflags"] & 0x20300 == 0, f"CPU-5: eflags {cpu['eflags']:#x}"
    info = day.start_info()
    assert info["magic"] == MAGIC and info["version"] == 1 and info["reserved"] == 0, info
    ram = [(start, start + size) for start, size, kind in day.memory_map() if kind == RAM]
    image = day.one("begin")["image"]
    assert any(start <= image < end for start, end in ram), "the kernel does not lie in RAM (MAP-5)"
