// For values that view their own storage.
#pragma once

namespace pvh {

/// A member of this type makes an aggregate movable and not copyable.
///
/// A type that holds views into what it owns needs it: a copy would view the original, and a `std::vector` of
/// elements that cannot be copied still claims to be copyable. What is viewed must lie on the heap or in a
/// mapping, never inside the value, where a `std::string` keeps a short text: a move would leave the views
/// behind.
struct MoveOnly {
  MoveOnly() = default;
  MoveOnly(MoveOnly&&) = default;
  MoveOnly& operator=(MoveOnly&&) = default;
  MoveOnly(const MoveOnly&) = delete;
  MoveOnly& operator=(const MoveOnly&) = delete;
  ~MoveOnly() = default;
};

}  // namespace pvh
