// Why an engine was chosen, in words.
#pragma once

#include <string_view>

#include "pvh/launch/engine_choice.hpp"

namespace pvh::cli {

/// "there is no /dev/kvm, …": for the one line that tells of the choice.
[[nodiscard]] std::string_view reason_text(launch::ChoiceReason reason);

}  // namespace pvh::cli
