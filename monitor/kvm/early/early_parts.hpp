// What `early` has begun, for those who go on with it. All of it is nothing where nothing was begun, and for
// every run of a process but the first.
#pragma once

#include <optional>
#include <span>
#include <utility>

#include "pvh/base/unique_fd.hpp"
#include "pvh/board/board.hpp"
#include "pvh/boot/load.hpp"

namespace pvh::kvm {

/// Waits for the memory that was begun, if it is this: zeros, the caller's from now on, who requests it.
[[nodiscard]] std::span<std::byte> take_early_memory(std::span<const board::Backing> backing);

/// What the machine shall get as its memory, beside the caller.
void request_early_memory(std::span<const boot::MemoryPiece> pieces);

/// The early thread's end, which its owner waits for: before that it uses machine and memory.
class EarlyThread {
 public:
  explicit EarlyThread(bool mine = false) : mine_(mine) {}
  EarlyThread(EarlyThread&& other) noexcept : mine_(std::exchange(other.mine_, false)) {}
  EarlyThread& operator=(EarlyThread&&) = delete;
  EarlyThread(const EarlyThread&) = delete;
  EarlyThread& operator=(const EarlyThread&) = delete;
  ~EarlyThread();

  /// Waits until the machine has what was requested. 0, or errno; nothing where there is no such thread.
  [[nodiscard]] std::optional<int> memory() const;

 private:
  bool mine_;
};

/// KVM itself, a machine with its scratch pages and split interrupt controllers, and its CPU 0.
struct EarlyMachine {
  UniqueFd system;
  UniqueFd vm;
  UniqueFd cpu;
  EarlyThread thread;
};

/// Waits for it. After `request_early_memory`.
[[nodiscard]] std::optional<EarlyMachine> take_early_machine();

/// Until the thread has ended, if there is one; after a request.
void await_early_thread();

}  // namespace pvh::kvm
