#include "pvh/judge_testing/good_capture.hpp"

#include <pvh/start_info.h>

#include <cstdlib>

namespace pvh::conform::testing {
namespace {

constexpr std::uint64_t kFirstModule = 0x7f00000;
constexpr std::uint64_t kSecondModule = 0x7e00000;
constexpr std::string_view kWords = "console=ttyS0 one=1";
constexpr std::string_view kModuleWords = "of the module";

class Writer {
 public:
  template <class T>
  Writer& add(T value) {
    append_le(bytes_, value);
    return *this;
  }
  Writer& text(std::string_view text) {
    for (const char c : text) bytes_.push_back(static_cast<std::byte>(c));
    return *this;
  }
  Writer& zeros(std::size_t count) {
    bytes_.resize(bytes_.size() + count);
    return *this;
  }
  /// Makes the bytes so far sum to zero by the one at `at`.
  Writer& sum(std::size_t at) {
    unsigned sum = 0;
    for (const std::byte byte : bytes_) sum += std::to_integer<unsigned>(byte);
    bytes_[at] = static_cast<std::byte>(256 - sum % 256 + std::to_integer<unsigned>(bytes_[at]));
    return *this;
  }
  void into(Capture& capture, std::uint64_t at) const {
    if (!add_memory(capture.memory, at, bytes_)) std::abort();
  }

 private:
  std::vector<std::byte> bytes_;
};

void add_start_info(Capture& capture) {
  Writer()
      .add(std::uint32_t{XEN_HVM_START_MAGIC_VALUE})
      .add(std::uint32_t{1})
      .add(std::uint32_t{0})
      .add(std::uint32_t{2})
      .add(kModuleList)
      .add(kCommandLine)
      .add(kRsdp)
      .add(kMap)
      .add(std::uint32_t{5})
      .add(std::uint32_t{0})
      .into(capture, kStartInfo);
  Writer list;
  list.add(kFirstModule).add(std::uint64_t{0x2000}).add(kModuleCommandLine).add(std::uint64_t{0});
  list.add(kSecondModule).add(std::uint64_t{0x333}).add(std::uint64_t{0}).add(std::uint64_t{0});
  list.into(capture, kModuleList);
  Writer().text(kWords).zeros(1).into(capture, kCommandLine);
  Writer().text(kModuleWords).zeros(1).into(capture, kModuleCommandLine);
}

void add_map(Capture& capture) {
  Writer map;
  const auto entry = [&map](std::uint64_t at, std::uint64_t end, std::uint32_t type) {
    map.add(at).add(end - at).add(type).add(std::uint32_t{0});
  };
  entry(0, 0xa0000, XEN_HVM_MEMMAP_TYPE_RAM);
  entry(0xa0000, 0xe0000, XEN_HVM_MEMMAP_TYPE_RESERVED);
  entry(0xe0000, 0x100000, XEN_HVM_MEMMAP_TYPE_ACPI);
  entry(0x100000, kMemory, XEN_HVM_MEMMAP_TYPE_RAM);
  entry(0xfee00000, 0x100000000, XEN_HVM_MEMMAP_TYPE_RESERVED);
  map.into(capture, kMap);
}

void add_tables(Capture& capture) {
  Writer rsdp;
  rsdp.text("RSD PTR ").add(std::uint8_t{0}).text("PVHPVH").add(std::uint8_t{2}).add(std::uint32_t{0}).sum(8);
  rsdp.add(std::uint32_t{36}).add(kRoot).add(std::uint8_t{0}).zeros(3).sum(32);
  rsdp.into(capture, kRsdp);
  Writer().text("XSDT").add(std::uint32_t{36}).zeros(28).sum(9).into(capture, kRoot);
}

void add_cpu(Capture& capture) {
  capture.registers = {{"ebx", kStartInfo}, {"cr0", 0x11},  {"cr4", 0},         {"efer", 0}, {"eflags", 2},
                       {"cs", 8},           {"ds", 16},     {"es", 16},         {"ss", 16},  {"tr", 24},
                       {"gdt_base", kGdt},  {"eax", 12345}, {"gdt_limit", 0x1f}};
  Writer()
      .add(std::uint64_t{0})
      .add(std::uint64_t{0x00cf9b000000ffff})
      .add(std::uint64_t{0x00cf93000000ffff})
      .add(std::uint64_t{0x00008b0000000067})
      .into(capture, kGdt);
}

}  // namespace

Capture good_capture() {
  Capture capture;
  capture.producer = "a good producer";
  capture.asked = {
      .name = "everything",
      .memory = kMemory,
      .cpus = 1,
      .acpi = true,
      .command_line = std::string(kWords),
      .modules =
          std::vector<ModuleAsked>{{.size = 0x2000, .crc32 = 1, .command_line = std::string(kModuleWords)},
                                   {.size = 0x333, .crc32 = 2}},
      .map_entries = 5,
      .entry = kEntry,
      .wrong_entries = {{kImage, Clause::kNote5}, {kForeignEntry, Clause::kNote1}},
      .relocation = RelocationGiven{.alignment = 0x1000, .lowest = 0x100000, .highest = 0xffffffff}};
  capture.image = Image{
      .at = kImage, .linked = kImage, .entry = kEntry, .size = 0x20000, .zeroed = true, .movable = true};
  capture.checksums = {{kFirstModule, 0x2000, 1}, {kSecondModule, 0x333, 2}};
  capture.ram = {{.at = 0, .size = 0xa0000, .places = 10},
                 {.at = kImage, .size = kMemory - kImage, .places = 64}};
  add_start_info(capture);
  add_map(capture);
  add_tables(capture);
  add_cpu(capture);
  return capture;
}

std::vector<std::byte> take(Capture& capture, std::uint64_t at, std::uint64_t size) {
  for (std::size_t i = 0; i < capture.memory.size(); ++i) {
    const MemoryPiece piece = capture.memory[i];
    if (at < piece.at || at + size > piece.at + piece.bytes.size()) continue;
    capture.memory.erase(capture.memory.begin() + static_cast<std::ptrdiff_t>(i));
    const Bytes bytes = piece.bytes;
    const std::uint64_t offset = at - piece.at;
    const bool kept = add_memory(capture.memory, piece.at, bytes.first(offset)) &&
                      add_memory(capture.memory, at + size, bytes.subspan(offset + size));
    if (!kept) std::abort();
    const Bytes taken = bytes.subspan(offset, size);
    return {taken.begin(), taken.end()};
  }
  std::abort();
}

void move(Capture& capture, std::uint64_t from, std::uint64_t to, std::uint64_t size) {
  const auto bytes = take(capture, from, size);
  if (!add_memory(capture.memory, to, bytes)) std::abort();
}

}  // namespace pvh::conform::testing
