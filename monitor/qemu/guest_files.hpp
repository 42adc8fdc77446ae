// What QEMU finds in memory files of ours: the guest's RAM, and the boot ROM.
#pragma once

#include "pvh/base/error.hpp"
#include "pvh/base/unique_fd.hpp"
#include "pvh/boot/plan.hpp"

namespace pvh::qemu {

struct GuestFiles {
  UniqueFd memory;  ///< sparse, loaded by the plan
  UniqueFd rom;
  std::uint64_t memory_size;  ///< of the memory file
};

[[nodiscard]] Result<GuestFiles> make_guest_files(const boot::BootPlan& plan);

}  // namespace pvh::qemu
