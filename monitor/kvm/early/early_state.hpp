// What the early thread shares with those who go on with its machine.
#pragma once

#include <linux/kvm.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "first_steps.hpp"

namespace pvh::kvm::early {

/// What lies below 4 GiB, and above.
inline constexpr std::size_t kMostPieces = 2;

/// CPUs of a host, 64 a word.
inline constexpr std::size_t kCpuWords = 128;

enum Step : std::uint32_t { kPending, kReady, kCancelled };

/// Shared by the early thread and the others; what belongs to a step is written before the step's word.
struct State {
  std::array<std::uint64_t, kCpuWords> allowed{};
  std::atomic<std::uint32_t> lives = 0;  ///< the kernel clears it when the thread has ended

  std::atomic<std::uint32_t> made = kCancelled;
  FirstSteps steps;
  std::byte* memory = nullptr;  ///< as guessed, zeros; null where that is not known
  bool memory_taken = false;    ///< belongs to the run
  std::uint64_t memory_size = 0;

  /// kCancelled: no run will come. kReady: `regions` are wanted, which are the guessed memory or take its
  /// place.
  std::atomic<std::uint32_t> asked = kPending;
  std::array<kvm_userspace_memory_region, kMostPieces> regions{};
  std::size_t region_count = 0;
  int error = 0;
};
extern constinit State state;

}  // namespace pvh::kvm::early
