// QEMU's command line for our board. The one place that knows QEMU's options.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/base/error.hpp"
#include "pvh/qemu/qemu.hpp"

namespace pvh::qemu {

/// The descriptors that QEMU inherits, by the numbers that they have there. Standard input and output are the
/// guest's serial line.
enum InheritedFd : int {
  kInput,
  kOutput,
  kMessages,
  kMemoryFile,
  kRomFile,
  kControl,
  kLog,
  kInheritedCount,
  kFirstDevices = kInheritedCount,  ///< what `descriptors_of` says
};

/// Memory, first CPUs and disks that QEMU's microvm has room for.
inline constexpr std::uint32_t kMaxCpus = 255;  ///< what 8-bit APIC ids can name
inline constexpr std::uint64_t kMaxMemory =
    16 * kTiB;  ///< what was tried; the host's address space ends soon after

/// Before a disk's number, what QEMU's events call it.
inline constexpr std::string_view kDiskNode = "disk";

/// What the machine cannot have of what `options` and `memory_size` ask for.
[[nodiscard]] Result<void> check_limits(std::uint64_t memory_size, const Options& options);

/// A value inside an option: commas doubled.
[[nodiscard]] std::string escaped(std::string_view value);

/// What the devices have open on the host, in the order in which QEMU inherits it.
[[nodiscard]] std::vector<int> descriptors_of(const std::vector<Device>& devices);

/// The arguments, argv[0] included.
[[nodiscard]] std::vector<std::string> command_line(std::uint64_t memory_size, const Options& options);

}  // namespace pvh::qemu
