#include "notes.hpp"

#include <fmt/format.h>

#include <array>

namespace pvh::cli {
namespace {

struct KnownNote {
  std::string_view owner;
  std::uint32_t type;
  std::string_view name;
  std::string_view string_key = {};  ///< where the descriptor is text: its key in JSON
};

constexpr auto kKnown = std::to_array<KnownNote>({
    {"Xen", 0, "INFO"},
    {"Xen", 1, "ENTRY"},
    {"Xen", 2, "HYPERCALL_PAGE"},
    {"Xen", 3, "VIRT_BASE"},
    {"Xen", 4, "PADDR_OFFSET"},
    {"Xen", 5, "XEN_VERSION", "xen_version"},
    {"Xen", 6, "GUEST_OS", "guest_os"},
    {"Xen", 7, "GUEST_VERSION", "guest_version"},
    {"Xen", 8, "LOADER", "loader"},
    {"Xen", 9, "PAE_MODE", "pae_mode"},
    {"Xen", 10, "FEATURES", "features"},
    {"Xen", 11, "BSD_SYMTAB", "bsd_symtab"},
    {"Xen", 12, "HV_START_LOW"},
    {"Xen", 13, "L1_MFN_VALID"},
    {"Xen", 14, "SUSPEND_CANCEL"},
    {"Xen", 15, "INIT_P2M"},
    {"Xen", 16, "MOD_START_PFN"},
    {"Xen", 17, "SUPPORTED_FEATURES"},
    {"Xen", 18, "PHYS32_ENTRY"},
    {"Xen", 19, "PHYS32_RELOC"},
    {"GNU", 1, "ABI tag"},
    {"GNU", 3, "build ID"},
    {"GNU", 5, "property"},
    {"Linux", 0x100, "build salt", "build_salt"},
    {"Linux", 0x101, "LTO info"},
});

const KnownNote* known(const image::Note& note) {
  for (const KnownNote& candidate : kKnown) {
    if (candidate.owner == note.owner && candidate.type == note.type) return &candidate;
  }
  return nullptr;
}

}  // namespace

std::string_view note_name(const image::Note& note) {
  const KnownNote* found = known(note);
  return found != nullptr ? found->name : std::string_view();
}

std::string hex_text(Bytes bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += kDigits[std::to_integer<unsigned>(byte) >> 4U];
    out += kDigits[std::to_integer<unsigned>(byte) & 15U];
  }
  return out;
}

std::optional<std::uint64_t> note_value(const image::Note& note) {
  if (note.desc.size() == 8) return read_le<std::uint64_t>(note.desc, 0);
  if (note.desc.size() == 4) return read_le<std::uint32_t>(note.desc, 0);
  return std::nullopt;
}

std::optional<std::string_view> note_text(const image::Note& note) {
  const KnownNote* found = known(note);
  if (found == nullptr || found->string_key.empty()) return std::nullopt;
  const std::string_view text = as_text(note.desc);
  return text.substr(0, text.find('\0'));
}

std::optional<std::string> build_id(const std::vector<image::Note>& notes) {
  for (const image::Note& note : notes) {
    if (note.owner == "GNU" && note.type == 3) return hex_text(note.desc);
  }
  return std::nullopt;
}

std::vector<NoteString> note_strings(const std::vector<image::Note>& notes) {
  std::vector<NoteString> out;
  for (const image::Note& note : notes) {
    if (const auto text = note_text(note)) out.push_back({known(note)->string_key, *text});
  }
  return out;
}

}  // namespace pvh::cli
