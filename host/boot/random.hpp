// Random numbers that are the same for a seed on every platform; the standard's distributions are not.
#pragma once

#include <cstdint>

namespace pvh::boot {

/// The generator known as SplitMix64. Not for secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  [[nodiscard]] std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }

  /// A number below `bound`, which is not 0; each is as likely as another.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) {
    // As many of the smallest numbers are thrown away as make the rest a multiple of `bound`.
    const std::uint64_t unfair = (0 - bound) % bound;
    while (true) {
      const std::uint64_t number = next();
      if (number >= unfair) return number % bound;
    }
  }

 private:
  std::uint64_t state_;
};

}  // namespace pvh::boot
