// The keys that are for us and not for the guest: Ctrl-A, and what follows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace pvh::run {

inline constexpr std::byte kEscapeKey{0x01};  ///< Ctrl-A

/// Sorts what is typed, byte by byte.
class EscapeFilter {
 public:
  enum class Command : std::uint8_t { kNone, kEnd, kHelp };

  struct Sorted {
    std::optional<std::byte> to_guest = {};
    Command command = Command::kNone;
  };

  [[nodiscard]] Sorted sort(std::byte key);

 private:
  bool escaped_ = false;
};

}  // namespace pvh::run
