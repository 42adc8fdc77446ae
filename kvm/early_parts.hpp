// What `early` has begun, for those who go on with it. All of it is nothing where nothing was begun.
#pragma once

#include <optional>
#include <span>

#include "pvh/base/unique_fd.hpp"
#include "pvh/board/board.hpp"
#include "pvh/boot/load.hpp"

namespace pvh::kvm {

/// Waits for the memory that was begun, if it is this: zeros, the caller's from now on. Once.
[[nodiscard]] std::span<std::byte> take_early_memory(std::span<const board::Backing> backing);

/// What the machine shall get as its memory. Once, whatever `take_early_memory` gave, and after it.
void request_early_memory(std::span<const boot::MemoryPiece> pieces);

/// KVM itself, a machine with its scratch pages and split interrupt controllers, and its CPU 0.
struct EarlyMachine {
  UniqueFd system;
  UniqueFd vm;
  UniqueFd cpu;
};

/// Waits for it. Once.
[[nodiscard]] std::optional<EarlyMachine> take_early_machine();

/// Waits until it has its memory, and the early thread's end. 0, or errno; nothing where the machine has
/// none.
[[nodiscard]] std::optional<int> early_memory();

}  // namespace pvh::kvm
