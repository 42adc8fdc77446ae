// What went wrong on the way to a guest.
#pragma once

#include <string>

#include "pvh/base/error.hpp"

namespace pvh::launch {

/// An error and the file that it is about; no file where it is about none.
struct Failure {
  Error error;
  std::string file = {};
};

}  // namespace pvh::launch
