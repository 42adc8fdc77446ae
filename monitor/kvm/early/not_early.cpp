// For a build without early start (PVH_EARLY_START): nothing was begun before libc was ready.
#include "early/early.hpp"
#include "pvh/kvm/early.hpp"

namespace pvh::kvm {

void begin_early_machine(std::uint64_t) {}
void drop_early_machine() {}

namespace early {

std::span<std::byte> take_memory(std::span<const board::Backing>) {
  return {};
}
void request_memory(std::span<const boot::MemoryPiece>) {}
void cancel() {}
Thread::~Thread() = default;
std::optional<int> Thread::memory() const {
  return std::nullopt;
}
std::optional<Machine> take_machine() {
  return std::nullopt;
}
void await_thread() {}

}  // namespace early
}  // namespace pvh::kvm
