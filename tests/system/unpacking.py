"""Whatever a kernel is packed in, the ELF comes out of it bit for bit."""

from pathlib import Path

from report import Case

from . import containers
from .lab import Lab


def gives_back_the_elf(lab: Lab, packed: Path) -> None:
    out = packed.with_suffix(packed.suffix + ".elf")
    done = lab.call("extract", packed, "-o", out)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == lab.elf("6.1-cloud").read_bytes(), f"{packed.name}: another ELF came out"
    out.unlink()
    packed.unlink()


def kernel_payload(lab: Lab, method: str) -> None:
    packed = lab.work / f"bzImage-{method}"
    payload = containers.compressed(lab.elf("6.1-cloud"), method)
    packed.write_bytes(containers.bzimage(lab.kernels["6.1-cloud"].vmlinuz, payload))
    gives_back_the_elf(lab, packed)


def whole_file(lab: Lab, method: str) -> None:
    packed = lab.work / f"whole-{method}"
    payload = containers.compressed(lab.elf("6.1-cloud"), method)
    packed.write_bytes(payload if method == "gzip" else payload[:-4])  # no size after it: that is a kernel payload's
    gives_back_the_elf(lab, packed)


def extract_of_an_elf_is_itself(lab: Lab) -> None:
    copy = lab.work / "copy-of-elf"
    copy.write_bytes(lab.elf("6.1-cloud").read_bytes())
    gives_back_the_elf(lab, copy)


def cases(lab: Lab, _full: bool) -> list[Case]:
    return [
        *(Case(f"system/unpack/bzImage {m}", lambda m=m: kernel_payload(lab, m)) for m in containers.COMPRESSORS),
        *(Case(f"system/unpack/file {m}", lambda m=m: whole_file(lab, m)) for m in containers.COMPRESSORS),
        Case("system/unpack/an ELF as it is", lambda: extract_of_an_elf_is_itself(lab)),
    ]
