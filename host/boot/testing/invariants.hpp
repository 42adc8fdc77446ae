// What every plan owes, checked by reading back what `load` wrote, with a decoder of its own.
#pragma once

#include <string>

#include "pvh/boot/plan.hpp"

namespace pvh::boot::testing {

/// The first promise that `plan`, made from `request`, breaks; empty where it keeps all.
[[nodiscard]] std::string broken_promise(const Request& request, const BootPlan& plan);

/// The same of an error: the memory that it names would do, and 1 MiB less would not.
[[nodiscard]] std::string broken_promise(const Request& request, const Error& error);

}  // namespace pvh::boot::testing
