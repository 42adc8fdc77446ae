// Faults that a producer may have, each the breach of one clause and of no other.
#pragma once

#include <span>
#include <string_view>

#include "pvh/capture/capture.hpp"

namespace pvh::conform::testing {

struct Plant {
  Clause clause;
  std::string_view what;
  void (*spoil)(Capture& capture);  ///< of good_capture()
};

[[nodiscard]] std::span<const Plant> plants();

}  // namespace pvh::conform::testing
