// Guest memory for tests: pieces at physical addresses, nothing between them, and the means to write start
// info into it byte by byte, so that no test depends on the machine's byte order.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "pvh/guest/start_info.hpp"

namespace pvh::guest {

class TestMemory {
 public:
  /// `size` bytes of `fill` at `paddr`; each piece is its own allocation, so that a sanitizer sees its ends.
  void add(uint64_t paddr, std::size_t size, unsigned char fill = 0xcc) {
    pieces_.push_back({paddr, std::vector<unsigned char>(size, fill)});
  }

  void put(uint64_t paddr, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) at(paddr + i) = static_cast<unsigned char>(value >> 8 * i);
  }
  void put32(uint64_t paddr, uint64_t value) { put(paddr, value, 4); }
  void put64(uint64_t paddr, uint64_t value) { put(paddr, value, 8); }
  void put_text(uint64_t paddr, const std::string& text) {
    for (std::size_t i = 0; i <= text.size(); ++i)
      put(paddr + i, static_cast<unsigned char>(text.c_str()[i]), 1);
  }

  [[nodiscard]] Memory accessor() { return {&TestMemory::read, this}; }
  /// An access that the reader promised never to make.
  [[nodiscard]] bool was_misused() const { return misused_; }

 private:
  struct Piece {
    uint64_t paddr;
    std::vector<unsigned char> bytes;
  };

  unsigned char& at(uint64_t paddr) {
    for (auto& piece : pieces_)
      if (paddr >= piece.paddr && paddr - piece.paddr < piece.bytes.size())
        return piece.bytes[paddr - piece.paddr];
    std::abort();  // the test itself is wrong
  }

  static int read(void* context, uint64_t paddr, void* out, std::size_t size) {
    auto& self = *static_cast<TestMemory*>(context);
    if (size == 0 || size > 512 || size - 1 > std::numeric_limits<uint64_t>::max() - paddr)
      self.misused_ = true;
    for (const auto& piece : self.pieces_) {
      const uint64_t offset = paddr - piece.paddr;
      if (paddr < piece.paddr || offset > piece.bytes.size() || size > piece.bytes.size() - offset) continue;
      std::memcpy(out, piece.bytes.data() + offset, size);
      return 1;
    }
    return 0;
  }

  std::vector<Piece> pieces_;
  bool misused_ = false;
};

/// The members in their order; what a test does not name is 0.
struct StartInfoFields {
  uint32_t magic = XEN_HVM_START_MAGIC_VALUE;
  uint32_t version = 1;
  uint32_t flags = 0;
  uint32_t nr_modules = 0;
  uint64_t modlist_paddr = 0;
  uint64_t cmdline_paddr = 0;
  uint64_t rsdp_paddr = 0;
  uint64_t memmap_paddr = 0;
  uint32_t memmap_entries = 0;
  uint32_t reserved = 0;
};

inline void put_version_0(TestMemory& memory, uint64_t paddr, const StartInfoFields& fields) {
  memory.put32(paddr, fields.magic);
  memory.put32(paddr + 4, fields.version);
  memory.put32(paddr + 8, fields.flags);
  memory.put32(paddr + 12, fields.nr_modules);
  memory.put64(paddr + 16, fields.modlist_paddr);
  memory.put64(paddr + 24, fields.cmdline_paddr);
  memory.put64(paddr + 32, fields.rsdp_paddr);
}

inline void put_start_info(TestMemory& memory, uint64_t paddr, const StartInfoFields& fields) {
  put_version_0(memory, paddr, fields);
  memory.put64(paddr + 40, fields.memmap_paddr);
  memory.put32(paddr + 48, fields.memmap_entries);
  memory.put32(paddr + 52, fields.reserved);
}

inline void put_module(TestMemory& memory, uint64_t paddr, uint64_t start, uint64_t size,
                       uint64_t command_line, uint64_t reserved = 0) {
  memory.put64(paddr, start);
  memory.put64(paddr + 8, size);
  memory.put64(paddr + 16, command_line);
  memory.put64(paddr + 24, reserved);
}

inline void put_entry(TestMemory& memory, uint64_t paddr, uint64_t start, uint64_t size, uint32_t type,
                      uint32_t reserved = 0) {
  memory.put64(paddr, start);
  memory.put64(paddr + 8, size);
  memory.put32(paddr + 16, type);
  memory.put32(paddr + 20, reserved);
}

}  // namespace pvh::guest
