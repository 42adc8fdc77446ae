"""Small ELF files, right and wrong: every field can be given a value that it should not have."""

import struct
from dataclasses import dataclass, field

PT_LOAD, PT_NOTE = 1, 4
EM_386, EM_X86_64 = 3, 62


@dataclass
class Note:
    owner: bytes
    kind: int
    description: bytes
    name_size: int | None = None  # where it shall not be that of `owner`
    description_size: int | None = None

    @staticmethod
    def entry(address: int, size: int = 4) -> "Note":
        return Note(b"Xen\0", 18, address.to_bytes(size, "little"))

    def bytes(self) -> bytes:
        sizes = (len(self.owner) if self.name_size is None else self.name_size,
                 len(self.description) if self.description_size is None else self.description_size)
        return struct.pack("<3I", *sizes, self.kind) + padded(self.owner) + padded(self.description)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


@dataclass
class Segment:
    address: int
    data: bytes = b""
    memory_size: int | None = None  # that of `data` where not given
    file_size: int | None = None
    offset: int | None = None  # where the file shall claim another
    kind: int = PT_LOAD
    align: int = 0x1000


@dataclass
class Elf:
    """An ELF64 (or, with bits=32, ELF32) of these segments and one PT_NOTE; `header` overrides fields by name."""

    segments: list[Segment]
    notes: list[Note] = field(default_factory=list)
    bits: int = 64
    note_align: int = 4
    header: dict[str, int] = field(default_factory=dict)

    def bytes(self) -> bytes:
        wide = self.bits == 64
        header_size, entry_size = (64, 56) if wide else (52, 32)
        segments = list(self.segments)
        if self.notes:
            segments.append(Segment(0, b"".join(note.bytes() for note in self.notes), kind=PT_NOTE, align=self.note_align))

        position, table, body = header_size + entry_size * len(segments), b"", b""
        for segment in segments:
            offset = position + len(body) if segment.offset is None else segment.offset
            file_size = len(segment.data) if segment.file_size is None else segment.file_size
            memory_size = file_size if segment.memory_size is None else segment.memory_size
            body += padded(segment.data)
            if wide:
                table += struct.pack("<2I6Q", segment.kind, 7, offset, segment.address, segment.address, file_size,
                                     memory_size, segment.align)
            else:
                table += struct.pack("<8I", segment.kind, offset, segment.address, segment.address, file_size,
                                     memory_size, 7, segment.align)

        values = {"class": 2 if wide else 1, "data": 1, "version": 1, "type": 2,
                  "machine": EM_X86_64 if wide else EM_386, "entry": 0, "phoff": header_size, "shoff": 0,
                  "phentsize": entry_size, "phnum": len(segments), "shentsize": 0, "shnum": 0} | self.header
        identity = b"\x7fELF" + bytes([values["class"], values["data"], values["version"]]) + bytes(9)
        header = struct.pack("<2HI3QI6H" if wide else "<2HI3II6H", values["type"], values["machine"], 1,
                             values["entry"], values["phoff"], values["shoff"], 0, header_size, values["phentsize"],
                             values["phnum"], values["shentsize"], values["shnum"], 0)
        return identity + header + table + body
