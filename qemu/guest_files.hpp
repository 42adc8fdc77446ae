// What QEMU finds in memory files of ours: the guest's RAM, and the boot ROM.
#pragma once

#include "pvh/base/error.hpp"
#include "pvh/boot/plan.hpp"
#include "pvh/engine/unique_fd.hpp"

namespace pvh::qemu {

struct GuestFiles {
  engine::UniqueFd memory;  ///< sparse, loaded by the plan
  engine::UniqueFd rom;
  std::uint64_t memory_size;  ///< of the memory file
};

[[nodiscard]] Result<GuestFiles> make_guest_files(const boot::BootPlan& plan);

}  // namespace pvh::qemu
