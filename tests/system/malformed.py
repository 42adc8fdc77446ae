"""Files that are not what they should be: each gets one clear error and exit code 1, and no sanitizer finds anything."""

import os
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from report import Case

from . import containers
from .elf import EM_386, EM_X86_64, PT_NOTE, Elf, Note, Segment
from .lab import Lab

AT = 0x100000
CODE = b"\xf4\xeb\xfd".ljust(256, b"\0")


def elf(**changes: object) -> bytes:
    """A good kernel but for `changes`."""
    fields: dict = {"segments": [Segment(AT, CODE)], "notes": [Note.entry(AT)]} | changes
    return Elf(**fields).bytes()


def noted(*notes: Note, **changes: object) -> bytes:
    return elf(notes=list(notes), **changes)


def loaded(*segments: Segment, **changes: object) -> bytes:
    return elf(segments=list(segments), **changes)


GOOD = elf()

ELF_FILES: dict[str, bytes] = {
    "ends within its identity": GOOD[:10],
    "ends within its header": GOOD[:40],
    "ends within its program headers": GOOD[:100],
    "ends within its segment": GOOD[:64 + 2 * 56 + 100],
    "ends within its note": GOOD[:-8],
    "big-endian": elf(header={"data": 2}),
    "of an unknown class": elf(header={"class": 3}),
    "ELF64 for i386": elf(header={"machine": EM_386}),
    "ELF32 for x86-64": elf(bits=32, header={"machine": EM_X86_64}),
    "for ARM": elf(header={"machine": 40}),
    "program headers beyond the end": elf(header={"phoff": 1 << 40}),
    "program headers that wrap": elf(header={"phoff": (1 << 64) - 8}),
    "program headers too small": elf(header={"phentsize": 8}),
    "65535 program headers": elf(header={"phnum": 0xFFFF}),
    "no program headers": elf(header={"phnum": 0}),
    "no segment to load": loaded(notes=[Note.entry(AT)]),
    "a segment beyond the end": loaded(Segment(AT, CODE, offset=1 << 30)),
    "a segment whose offset and size wrap": loaded(Segment(AT, CODE, offset=(1 << 64) - 16)),
    "a segment of 2^63 bytes in the file": loaded(Segment(AT, CODE, file_size=1 << 63, memory_size=1 << 63)),
    "a segment that wraps in memory": loaded(Segment((1 << 64) - 4096, CODE), notes=[Note.entry(AT)]),
    "a segment of 2^63 bytes in memory": loaded(Segment(AT, CODE, memory_size=1 << 63)),
    "less memory than file": loaded(Segment(AT, CODE, memory_size=16)),
    "overlapping segments": loaded(Segment(AT, CODE), Segment(AT + 64, CODE)),
    "a segment at 0": loaded(Segment(0, CODE), Segment(AT, CODE)),
    "a segment above memory": loaded(Segment(AT, CODE), Segment(1 << 40, CODE)),
    "a segment in the device window": loaded(Segment(AT, CODE), Segment(0xFEC00000, CODE)),
    "a segment in the adapters' hole": loaded(Segment(AT, CODE), Segment(0xB0000, CODE)),
    "no note": noted(),
    "another owner's note": noted(Note(b"nuttx\0", 18, struct.pack("<I", AT))),
    "an entry of 6 bytes": noted(Note.entry(AT, size=6)),
    "an entry of 0 bytes": noted(Note.entry(0, size=0)),
    "an entry above 4 GiB": noted(Note.entry(1 << 32, size=8)),
    "an entry outside every segment": noted(Note.entry(0x500000)),
    "an entry of 0": noted(Note.entry(0)),
    "an entry one byte behind the segment": noted(Note.entry(AT + 256)),
    "two notes that disagree": noted(Note.entry(AT), Note.entry(AT + 16)),
    "a note's name beyond its segment": noted(Note(b"Xen\0", 18, b"\0\0\x10\0", name_size=1 << 20)),
    "a note's name of 2^32 - 1 bytes": noted(Note(b"Xen\0", 18, b"\0\0\x10\0", name_size=(1 << 32) - 1)),
    "a note's descriptor beyond its segment": noted(Note(b"Xen\0", 18, b"\0\0\x10\0", description_size=1 << 20)),
    "a note's descriptor of 2^32 - 1 bytes": noted(Note(b"Xen\0", 18, b"\0\0\x10\0", description_size=(1 << 32) - 1)),
    "a relocation note of 5 bytes": noted(Note.entry(AT), Note(b"Xen\0", 19, bytes(5))),
    "a relocation alignment that is no power of 2": noted(Note.entry(AT), Note(b"Xen\0", 19, struct.pack("<3I", 3 << 20, 0, 1 << 30))),
    "note segment beyond the end": loaded(Segment(AT, CODE), Segment(0, b"", file_size=4096, offset=1 << 40, kind=PT_NOTE), notes=[]),
}


def bzimage_fields(**fields: int) -> bytes:
    """A bzImage of nothing but its header; offsets as in the boot protocol."""
    image = bytearray(0x2000)
    image[0x1F1] = fields.get("setup_sects", 4)
    struct.pack_into("<H", image, 0x1FE, 0xAA55)
    image[0x202:0x206] = b"HdrS"
    image[0x201] = 0x6A
    struct.pack_into("<H", image, 0x206, fields.get("version", 0x20F))
    image[0x211] = 1
    struct.pack_into("<2I", image, 0x248, fields.get("payload_offset", 0x100), fields.get("payload_length", 0x200))
    return bytes(image)


def containers_of_trouble() -> dict[str, bytes]:
    packed = zlib.compressobj(wbits=31)
    gzip = packed.compress(GOOD) + packed.flush()
    flipped = bytearray(gzip)
    flipped[len(gzip) // 2] ^= 0xFF
    bomb = zlib.compressobj(9, wbits=31)
    million = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(64)) + bomb.flush()
    return {
        "empty": b"",
        "text": b"#!/bin/sh\necho this is no kernel\n" * 100,
        "zeros": bytes(4096),
        "one byte": b"\x7f",
        "bzImage of an old protocol": bzimage_fields(version=0x207),
        "bzImage whose payload is beyond its end": bzimage_fields(payload_offset=1 << 28),
        "bzImage whose payload wraps": bzimage_fields(payload_offset=0xFFFFFFF0, payload_length=0xFFFFFFF0),
        "bzImage without a payload": bzimage_fields(payload_length=0),
        "bzImage of an unknown compression": bzimage_fields(),
        "bzImage cut short": bzimage_fields()[:0x250],
        "gzip cut short": gzip[:len(gzip) // 2],
        "gzip with a wrong byte": bytes(flipped),
        "gzip of text": (lambda z: z.compress(b"no kernel " * 500) + z.flush())(zlib.compressobj(wbits=31)),
        "xz that is only a header": b"\xfd7zXZ\0\0\4" + bytes(64),
        "zstd that is only a header": b"\x28\xb5\x2f\xfd" + b"\xff" * 64,
        "lz4 block longer than the file": struct.pack("<2I", 0x184C2102, 0x7FFFFFFF) + bytes(64),
        "lzo that is only a header": b"\x89LZO\0\r\n\x1a\n" + b"\xff" * 64,
        "bzip2 that is only a header": b"BZh9" + b"1AY&SY" + b"\xff" * 64,
        "PE cut short": b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80) + bytes(0x40) + b"PE\0\0",
        "PE of 65535 sections": b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0" + struct.pack("<2H3I2H", 0x8664, 0xFFFF, 0, 0, 0, 0, 0),
        "a bomb of 64 MiB where 16 are allowed": million,
    }


MESSAGE = re.compile(r"^pvh: .{12,}", re.M)
SANITIZER = re.compile(r"AddressSanitizer|runtime error:|LeakSanitizer|Segmentation|terminate called")
# These say what is wrong with the whole file; the others say where.
WHOLE_FILE = re.compile(r"empty|text|zeros|one byte|no (segment|note|program)|another owner|for ARM")


def is_refused(lab: Lab, path: Path, *options: object, place: bool = True, under: tuple[str, ...] = ()) -> None:
    done = lab.call("plan", path, *options, program=lab.pvh_asan, under=under)
    said = done.stderr
    assert not SANITIZER.search(said), said
    assert done.returncode == 1, f"exit code {done.returncode}, not 1\n{done.stdout}{said}"
    assert MESSAGE.search(said), f"no error that says what is wrong: {said!r}"
    assert not place or re.search(r"0x[0-9a-f]+|\b\d+\b", said.replace(str(path), "")), f"names neither place nor value: {said}"
    inspected = lab.call("inspect", path, program=lab.pvh_asan, under=under)
    assert inspected.returncode in (0, 1) and not SANITIZER.search(inspected.stderr), inspected.stderr


def malformed(lab: Lab, name: str, content: bytes) -> None:
    path = lab.work / f"malformed-{re.sub(r'[^a-z0-9]+', '-', name.lower())}"
    path.write_bytes(content)
    is_refused(lab, path, "--max-unpacked", "16M", place=not WHOLE_FILE.search(name))


def good_is_accepted(lab: Lab) -> None:
    """The file that the others are made from is fine, or they would prove nothing."""
    for name, content in {"64": GOOD, "32": elf(bits=32), "8": noted(Note.entry(AT, size=8))}.items():
        path = lab.work / f"good-{name}"
        path.write_bytes(content)
        done = lab.call("plan", path, program=lab.pvh_asan)
        assert done.returncode == 0, done.stderr


def not_a_file(lab: Lab, kind: str) -> None:
    path, under = lab.work / f"is-a-{kind}", ()
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "unreadable":
        path.write_bytes(GOOD)
        path.chmod(0)
        if os.geteuid() == 0:  # who may read every file
            under = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
    is_refused(lab, path, place=False, under=under)


def corrupt_payload(lab: Lab, method: str) -> None:
    """A kernel whose payload has damage in its middle, and one whose payload is cut."""
    small = lab.work / f"small-{method}.elf"
    small.write_bytes(loaded(Segment(AT, CODE + os.urandom(1 << 16))))
    payload = bytearray(containers.compressed(small, method))
    real = lab.kernels["6.1-cloud"].vmlinuz
    cut = lab.work / f"cut-{method}"
    cut.write_bytes(containers.bzimage(real, bytes(payload[:len(payload) // 2]) + payload[-4:]))
    is_refused(lab, cut)
    middle = len(payload) // 2
    payload[middle:middle + 64] = bytes(byte ^ 0x5A for byte in payload[middle:middle + 64])
    damaged = lab.work / f"damaged-{method}"
    damaged.write_bytes(containers.bzimage(real, bytes(payload)))
    done = lab.call("extract", damaged, "-o", lab.work / f"damaged-{method}.elf", program=lab.pvh_asan)
    assert not SANITIZER.search(done.stderr), done.stderr
    if method not in ("lz4", "lzma"):  # these have no checksum: damage in the data is not seen
        assert done.returncode == 1, f"damage was not noticed (exit code {done.returncode})"


def cases(lab: Lab, _full: bool) -> list[Case]:
    def case(name: str, test: Callable[..., None], *arguments: object) -> Case:
        return Case(f"system/malformed/{name}", lambda: test(lab, *arguments))

    return [
        case("a good file is accepted", good_is_accepted),
        *(case(f"ELF {name}", malformed, name, content) for name, content in ELF_FILES.items()),
        *(case(f"file {name}", malformed, name, content) for name, content in containers_of_trouble().items()),
        *(case(kind, not_a_file, kind) for kind in ("directory", "fifo", "unreadable", "missing")),
        *(case(f"payload {method}", corrupt_payload, method) for method in containers.COMPRESSORS),
    ]
