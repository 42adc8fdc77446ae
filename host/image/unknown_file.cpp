// The files that people give instead of a kernel, by their magics.
#include "unknown_file.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "pvh/base/magic.hpp"

namespace pvh::image {
namespace {

using namespace std::string_view_literals;

// The first that matches wins, so the weak ones stand last.
constexpr std::array kMagics = {
    Magic{0x38, "ARM\x64"sv, "an arm64 Linux kernel (Image)"},
    Magic{0x38, "RSC\x05"sv, "a RISC-V Linux kernel (Image)"},
    Magic{0x24, "\x18\x28\x6f\x01"sv, "an ARM Linux kernel (zImage)"},
    Magic{4, "zimg"sv, "a Linux kernel packed for EFI (zboot)"},
    Magic{0, "070701"sv, "an initramfs (cpio archive)"},
    Magic{0, "070702"sv, "an initramfs (cpio archive)"},
    Magic{0, "070707"sv, "an initramfs (cpio archive, old format)"},
    Magic{0, "\xc7\x71"sv, "a cpio archive (old binary format)"},
    Magic{0, "QFI\xfb"sv, "a disk image (qcow2)"},
    Magic{0, "KDMV"sv, "a disk image (VMDK)"},
    Magic{0, "conectix"sv, "a disk image (VHD)"},
    Magic{0, "vhdxfile"sv, "a disk image (VHDX)"},
    Magic{0x8001, "CD001"sv, "an ISO 9660 image"},
    Magic{0x200, "EFI PART"sv, "a disk image (GPT)"},
    Magic{0, "hsqs"sv, "a squashfs file system"},
    Magic{0x438, "\x53\xef"sv, "an ext2, ext3 or ext4 file system"},
    Magic{0, "XFSB"sv, "an XFS file system"},
    Magic{0x101, "ustar"sv, "a tar archive"},
    Magic{0, "!<arch>\ndebian"sv, "a Debian package"},
    Magic{0, "!<arch>\n"sv, "an archive of object files"},
    Magic{0, "\xed\xab\xee\xdb"sv, "an RPM package"},
    Magic{0, "PK\x03\x04"sv, "a zip archive"},
    Magic{0, "\x27\x05\x19\x56"sv, "a U-Boot image (uImage)"},
    Magic{0, "\xd0\x0d\xfe\xed"sv, "a device tree or FIT image"},
    Magic{0, "ANDROID!"sv, "an Android boot image"},
    Magic{0, "\xcf\xfa\xed\xfe"sv, "a Mach-O program"},
    Magic{0, "\xce\xfa\xed\xfe"sv, "a Mach-O program"},
    Magic{0, "BC\xc0\xde"sv, "LLVM bitcode"},
    Magic{0, "#!"sv, "a script"},
    Magic{0, "<!DOCTYPE"sv, "a web page"},
    Magic{0, "<!doctype"sv, "a web page"},
    Magic{0, "<html"sv, "a web page"},
    Magic{0, "MZ"sv, "a DOS program"},
    Magic{0, "\x07\x01"sv, "an a.out program"},
    Magic{0, "\x08\x01"sv, "an a.out program"},
    Magic{0, "\x0b\x01"sv, "an a.out program"},
    Magic{0, "\xcc\x00"sv, "an a.out program"},
    Magic{0x1fe, "\x55\xaa"sv, "a disk image or boot sector"},
};

constexpr std::size_t kSample = 4096;

bool is_text(std::byte byte) {
  const auto value = std::to_integer<unsigned>(byte);
  return (value >= 0x20 && value < 0x7f) || value == '\n' || value == '\r' || value == '\t';
}

}  // namespace

std::string first_bytes(Bytes bytes) {
  constexpr std::size_t kShown = 8;
  std::string text;
  for (const std::byte byte : bytes.first(std::min(kShown, bytes.size()))) {
    char number[8];
    std::snprintf(number, sizeof number, "%s0x%02x", text.empty() ? "" : " ",
                  std::to_integer<unsigned>(byte));
    text += number;
  }
  return text;
}

std::string looks_like(Bytes file) {
  if (file.empty()) return "an empty file";
  if (const auto name = name_by_magic(file, kMagics); !name.empty()) return std::string(name);
  const Bytes sample = file.first(std::min(kSample, file.size()));
  if (std::ranges::all_of(sample, [](std::byte byte) { return byte == std::byte{0}; }))
    return "nothing but zeros";
  if (std::ranges::all_of(sample, is_text)) return "a text file";
  return "bytes of no known format (" + first_bytes(file) + ")";
}

}  // namespace pvh::image
