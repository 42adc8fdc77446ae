// What a guest is to be started with: the user's wishes as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pvh/backend/ethernet.hpp"
#include "pvh/backend/forward.hpp"
#include "pvh/base/address.hpp"
#include "pvh/boot/plan.hpp"
#include "pvh/cache/kernels.hpp"
#include "pvh/launch/default_memory.hpp"

namespace pvh::launch {

struct ModuleOption {
  std::string path;
  std::optional<std::string> command_line = {};
  bool operator==(const ModuleOption&) const = default;
};

struct DiskOption {
  std::string path;
  bool read_only = false;
  std::string serial = {};
  bool operator==(const DiskOption&) const = default;
};

/// A network card.
struct NetOption {
  std::string tap;                              ///< the interface's name; empty: user mode
  std::optional<backend::Mac> mac = {};         ///< without, one that its slot and its tap choose
  std::vector<backend::Forward> forwards = {};  ///< in user mode
  bool operator==(const NetOption&) const = default;
};

/// The machine, and what it is given.
struct MachineOptions {
  std::string kernel;
  std::optional<std::string> initrd;                ///< module 0; without, a unified image's own
  std::vector<ModuleOption> modules;                ///< after the initrd
  std::optional<std::string> command_line;          ///< without, a unified image's own
  std::uint64_t memory = kDefaultMemoryMiB * kMiB;  ///< bytes
  std::uint32_t cpus = 1;
  bool acpi = true;
  std::vector<DiskOption> disks;
  std::vector<NetOption> nets;
  std::optional<std::uint32_t> cid;  ///< of a virtio socket
  bool entropy = true;
  bool console = false;  ///< a virtio one
  std::uint32_t start_info_version = 1;
  std::optional<GuestAddress> load_address;
  bool randomize = false;
  std::optional<std::uint64_t> seed;
  std::vector<boot::UserRange> memory_map;
  std::uint64_t max_unpacked = kGiB;
  bool cache = true;                                 ///< use what is kept of a compressed kernel, and keep it
  std::uint64_t cache_limit = cache::kDefaultLimit;  ///< bytes of ELF files to keep at most; 0: none
  bool interval_timer = true;                        ///< the engine's to say, not the user's
};

enum class Engine : std::uint8_t { kAuto, kKvm, kQemu };

}  // namespace pvh::launch
