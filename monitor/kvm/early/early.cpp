#include "early/early.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "early/early_state.hpp"
#include "pvh/kvm/early.hpp"
#include "system.hpp"

namespace pvh::kvm::early {

namespace {

/// The kernel wakes who waits for a thread's end across processes, and everything else is our own.
void wait_while(std::atomic<std::uint32_t>& word, std::uint32_t value, int operation) {
  while (word.load(std::memory_order_acquire) == value)
    ::syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0);
}

void ask(Step step) {
  state.asked.store(step, std::memory_order_release);
  ::syscall(SYS_futex, &state.asked, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

}  // namespace

std::span<std::byte> take_memory(std::span<const board::Backing> backing) {
  if (state.asked != kPending) return {};  // a run before this one had it
  wait_while(state.made, kPending, FUTEX_WAIT_PRIVATE);
  if (state.made.load(std::memory_order_acquire) != kReady || state.memory == nullptr) return {};
  if (backing.size() != 1 || backing[0].range.start() != GuestAddress{0} ||
      backing[0].range.size() != state.memory_size)
    return {};
  state.memory_taken = true;
  return {state.memory, state.memory_size};
}

void request_memory(std::span<const boot::MemoryPiece> pieces) {
  if (state.lives == 0 || state.asked != kPending) return;
  if (pieces.size() > kMostPieces) return ask(kCancelled);
  state.region_count = 0;
  for (const boot::MemoryPiece& piece : pieces) {
    const std::size_t slot = state.region_count++;
    state.regions[slot] = memory_region(static_cast<std::uint32_t>(slot), piece.range, piece.host);
  }
  ask(kReady);
}

std::optional<Machine> take_machine() {
  wait_while(state.made, kPending, FUTEX_WAIT_PRIVATE);
  if (state.made.exchange(kCancelled) != kReady || state.asked != kReady) return std::nullopt;
  return Machine{.steps = state.steps, .thread = Thread(true)};
}

void cancel() {
  if (state.asked == kPending) ask(kCancelled);
}

void await_thread() {
  wait_while(state.lives, 1, FUTEX_WAIT);
}

Thread::~Thread() {
  if (mine_) await_thread();
}

std::optional<int> Thread::memory() const {
  if (!mine_) return std::nullopt;
  await_thread();
  return state.error;
}

}  // namespace pvh::kvm::early

namespace pvh::kvm {

void drop_early_machine() {
  early::cancel();
}

}  // namespace pvh::kvm
