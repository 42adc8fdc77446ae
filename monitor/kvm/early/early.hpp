// A machine that was begun before libc was ready (early_thread.cpp), as a run takes it over. Every answer is
// "nothing" where nothing was begun, for every run of a process but the first, and in a build without it
// (not_early.cpp).
#pragma once

#include <optional>
#include <span>
#include <utility>

#include "first_steps.hpp"
#include "pvh/board/board.hpp"
#include "pvh/boot/load.hpp"

namespace pvh::kvm::early {

/// Waits for the memory that was begun, if it is this: zeros, the caller's from now on, who requests it.
[[nodiscard]] std::span<std::byte> take_memory(std::span<const board::Backing> backing);

/// What the machine shall get as its memory, beside the caller.
void request_memory(std::span<const boot::MemoryPiece> pieces);

/// There will be no run. Does not wait.
void cancel();

/// The early thread's end, which its owner waits for: before that it uses machine and memory.
class Thread {
 public:
  explicit Thread(bool mine = false) : mine_(mine) {}
  Thread(Thread&& other) noexcept : mine_(std::exchange(other.mine_, false)) {}
  Thread& operator=(Thread&&) = delete;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread();

  /// Waits until the machine has what was requested. 0, or errno; nothing where there is no such thread.
  [[nodiscard]] std::optional<int> memory() const;

 private:
  bool mine_;
};

/// A machine after its first steps, and the thread that gives it its memory.
struct Machine {
  FirstSteps steps;
  Thread thread;
};

/// Waits for it. After `request_memory`.
[[nodiscard]] std::optional<Machine> take_machine();

/// Until the thread has ended, if there is one; after a request.
void await_thread();

}  // namespace pvh::kvm::early
