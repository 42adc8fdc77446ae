// The unified kernel image: a PE program (a UEFI stub) whose sections hold a kernel and what belongs to it.
#include <array>
#include <cstdio>
#include <string>

#include "pvh/image/containers.hpp"

namespace pvh::image {
namespace {

// The PE format's offsets. What lies in its optional header is only for those who run the program.
constexpr std::uint64_t kPeOffset = 0x3c;  // u32, in the DOS header
constexpr std::uint64_t kDosHeaderSize = 0x40;
constexpr std::uint64_t kSignatureSize = 4;
constexpr std::uint64_t kFileHeaderSize = 20;
constexpr std::uint64_t kSectionHeaderSize = 40;
constexpr std::uint64_t kNameSize = 8;

constexpr std::uint16_t kI386 = 0x014c;
constexpr std::uint16_t kX86_64 = 0x8664;

constexpr std::string_view kProfile = ".profile";
enum Known : std::uint8_t { kLinux, kInitrd, kCommandLine, kRelease, kOsRelease };
constexpr std::array<std::string_view, 5> kNames = {".linux", ".initrd", ".cmdline", ".uname", ".osrel"};

struct Section {
  std::uint64_t offset = 0;
  Bytes bytes;
  bool of_profile = false;
};

/// What was found under each of `kNames`.
using Sections = std::array<std::optional<Section>, kNames.size()>;

std::unexpected<Error> truncated(std::string_view subject, std::uint64_t where, Bytes file,
                                 std::uint64_t wanted) {
  return std::unexpected(Error{.what = Fault::kPeTruncated,
                               .subject = std::string(subject),
                               .where = where,
                               .found = Size{file.size()},
                               .wanted = Size{wanted}});
}

std::string section_called(std::string_view name) {
  return "section " + std::string(name);
}

std::string_view machine_name(std::uint16_t machine) {
  switch (machine) {
    case 0xaa64:
      return "AArch64";
    case 0x01c0:
    case 0x01c2:
    case 0x01c4:
      return "ARM";
    case 0x5064:
      return "RISC-V 64";
    case 0x6264:
      return "LoongArch 64";
    case 0x0200:
      return "Itanium";
    case 0x0ebc:
      return "EFI byte code";
    default:
      return "machine";
  }
}

/// "AArch64 (0xaa64)"
std::string machine_text(std::uint16_t machine) {
  char number[16];
  std::snprintf(number, sizeof number, " (0x%04x)", machine);
  return std::string(machine_name(machine)) + number;
}

/// The section whose header is `header`, checked to lie in the file.
Result<Section> read_section(Bytes file, Bytes header, std::string_view name) {
  const std::uint64_t virtual_size = read_le<std::uint32_t>(header, 8).value_or(0);
  const std::uint64_t raw_size = read_le<std::uint32_t>(header, 16).value_or(0);
  const std::uint64_t offset = read_le<std::uint32_t>(header, 20).value_or(0);
  // In the file a section is padded to its alignment; what it holds is as long as in memory.
  const std::uint64_t size = virtual_size != 0 && virtual_size < raw_size ? virtual_size : raw_size;
  if (size == 0) return Section{};
  const auto bytes = slice(file, offset, size);
  if (!bytes)
    return std::unexpected(Error{.what = Fault::kPeSectionOutside,
                                 .subject = section_called(name),
                                 .where = offset,
                                 .found = Size{file.size()},
                                 .wanted = Size{offset + size}});
  return Section{.offset = offset, .bytes = *bytes};
}

/// The sections that we know, from the section headers in `table`, which lies at `table_offset`.
///
/// An image may hold several profiles: what stands before the first .profile belongs to all, what follows it,
/// up to the next, to the first profile, which is the default; its sections stand for those of the same name
/// before.
Result<Sections> read_sections(Bytes file, Bytes table, std::uint64_t table_offset) {
  Sections found;
  bool in_profile = false;
  for (std::uint64_t at = 0; at < table.size(); at += kSectionHeaderSize) {
    const Bytes header = table.subspan(at, kSectionHeaderSize);
    const std::string_view padded = as_text(header.first(kNameSize));
    const std::string_view name = padded.substr(0, padded.find('\0'));
    if (name == kProfile) {
      if (in_profile) break;
      in_profile = true;
    }
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      if (name != kNames[i]) continue;
      if (found[i] && found[i]->of_profile == in_profile)
        return std::unexpected(Error{
            .what = Fault::kPeDuplicateSection, .subject = section_called(name), .where = table_offset + at});
      Result<Section> section = read_section(file, header, name);
      if (!section) return std::unexpected(section.error());
      section->of_profile = in_profile;
      found[i] = *section;
    }
  }
  return found;
}

/// A text section without the NULs and newlines that pad it. A NUL inside would cut it silently later on.
Parsed<std::string_view> read_text(const Sections& sections, Known index) {
  const auto& section = sections[index];
  if (!section) return std::nullopt;
  std::string_view text = as_text(section->bytes);
  const std::size_t last = text.find_last_not_of(std::string_view("\0\n\r", 3));
  text = text.substr(0, last == std::string_view::npos ? 0 : last + 1);
  const std::size_t nul = text.find('\0');
  if (nul == std::string_view::npos) return text;
  return std::unexpected(Error{
      .what = Fault::kPeNulInText, .subject = section_called(kNames[index]), .where = section->offset + nul});
}

}  // namespace

Parsed<UnifiedImage> read_unified_image(Bytes file) {
  if (!as_text(file).starts_with("MZ")) return std::nullopt;
  const auto pe_offset = read_le<std::uint32_t>(file, kPeOffset);
  if (!pe_offset) return truncated("its DOS header", 0, file, kDosHeaderSize);
  const auto signature = slice(file, *pe_offset, kSignatureSize);
  if (!signature) return truncated("its PE header", *pe_offset, file, *pe_offset + kSignatureSize);
  if (as_text(*signature) != std::string_view("PE\0\0", kSignatureSize)) return std::nullopt;

  const std::uint64_t header_offset = std::uint64_t{*pe_offset} + kSignatureSize;
  const auto header = slice(file, header_offset, kFileHeaderSize);
  if (!header) return truncated("its PE header", *pe_offset, file, header_offset + kFileHeaderSize);
  const auto machine = read_le<std::uint16_t>(*header, 0).value_or(0);
  if (machine != kX86_64 && machine != kI386)
    return std::unexpected(
        Error{.what = Fault::kPeMachine, .where = header_offset, .found = machine_text(machine)});

  const std::uint64_t count = read_le<std::uint16_t>(*header, 2).value_or(0);
  const std::uint64_t optional_size = read_le<std::uint16_t>(*header, 16).value_or(0);
  const std::uint64_t table_offset = header_offset + kFileHeaderSize + optional_size;
  const auto table = slice(file, table_offset, count * kSectionHeaderSize);
  if (!table)
    return truncated("its section table", table_offset, file, table_offset + count * kSectionHeaderSize);

  const Result<Sections> sections = read_sections(file, *table, table_offset);
  if (!sections) return std::unexpected(sections.error());
  const std::optional<Section>& kernel = (*sections)[kLinux];
  const std::optional<Section>& initrd = (*sections)[kInitrd];
  if (!kernel) return std::unexpected(Error{.what = Fault::kPeNoKernel, .subject = section_called(".linux")});
  const auto command_line = read_text(*sections, kCommandLine);
  if (!command_line) return std::unexpected(command_line.error());
  const auto release = read_text(*sections, kRelease);
  if (!release) return std::unexpected(release.error());
  const auto os_release = read_text(*sections, kOsRelease);
  if (!os_release) return std::unexpected(os_release.error());
  return UnifiedImage{.kernel = kernel->bytes,
                      .kernel_offset = kernel->offset,
                      .initrd = initrd ? std::optional(initrd->bytes) : std::nullopt,
                      .command_line = *command_line,
                      .release = *release,
                      .os_release = *os_release};
}

}  // namespace pvh::image
