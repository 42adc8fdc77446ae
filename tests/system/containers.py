"""Makes the files that a kernel comes in, with the ordinary tools."""

import struct
from pathlib import Path

from stages import command

# As Linux's own build calls them; a kernel's build appends the unpacked size, except to gzip, which ends with it anyway.
COMPRESSORS = {
    "gzip": "gzip -n -1 -c",
    "bzip2": "bzip2 -1 -c",
    "lzma": "xz --format=lzma -0 -c",
    "xz": "xz --check=crc32 --x86 --lzma2=preset=0,dict=32MiB -c",
    "lzo": "lzop -1 -c",
    "lz4": "lz4 -l -1 -q -c",
    "zstd": "zstd -1 -q -c",
}


def compressed(elf: Path, method: str) -> bytes:
    """A kernel's payload: `elf` compressed as Linux's build does it."""
    packed = elf.with_name(f"{elf.name}.payload.{method}")
    command("sh", "-c", f"exec {COMPRESSORS[method]} '{elf}' >'{packed}'")
    payload = packed.read_bytes()
    packed.unlink()
    return payload if method == "gzip" else payload + struct.pack("<I", elf.stat().st_size)


def bzimage(real: Path, payload: bytes) -> bytes:
    """A bzImage: `real` up to its payload, then `payload`, with the header's figures put right."""
    image = bytearray(real.read_bytes())
    setup_size = (image[0x1F1] + 1) * 512
    payload_offset = struct.unpack_from("<I", image, 0x248)[0]
    image = image[:setup_size + payload_offset] + payload
    image += bytes(-len(image) % 16)
    struct.pack_into("<I", image, 0x24C, len(payload))
    struct.pack_into("<I", image, 0x1F4, (len(image) - setup_size) // 16)
    return bytes(image)


def unified_image(out: Path, vmlinuz: Path, initrd: Path, command_line: str, release: str) -> Path:
    """A unified kernel image around systemd's EFI stub."""
    stub = Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
    texts = {".osrel": 'ID=debian\nNAME="Debian GNU/Linux"\n', ".uname": release, ".cmdline": command_line}
    files = {}
    for name, text in texts.items():
        files[name] = out.with_suffix(name)
        files[name].write_text(text)
    files |= {".initrd": initrd, ".linux": vmlinuz}
    words, address = [], 0x20000
    for name, path in files.items():
        words += ["--add-section", f"{name}={path}", "--change-section-vma", f"{name}={address:#x}"]
        address += (path.stat().st_size + 0xFFFF) & ~0xFFFF
    command("objcopy", *words, stub, out)
    return out
