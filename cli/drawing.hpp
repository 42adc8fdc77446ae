// Guest memory drawn to scale: bars of the parts of the address space in which something lies, each with its
// own scale, which it states.
#pragma once

#include <string>

#include "output.hpp"
#include "pvh/boot/plan.hpp"

namespace pvh::cli {

/// What stands for region `index` in a drawing and beside it in a table: a to z, A to Z, then + for all.
[[nodiscard]] char region_letter(std::size_t index);

/// Lines of at most `style.width` columns, each with its newline.
[[nodiscard]] std::string draw_memory(const boot::BootPlan& plan, const Style& style);

}  // namespace pvh::cli
