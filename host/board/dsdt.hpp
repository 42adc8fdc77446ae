// The board's devices as AML: what only the DSDT can tell.
#pragma once

#include "aml.hpp"
#include "pvh/board/board.hpp"

namespace pvh::board {

/// The DSDT's code, without the table's header.
[[nodiscard]] aml::Code dsdt_code(const Board& board);

}  // namespace pvh::board
