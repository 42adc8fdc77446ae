// The board's ACPI tables: RSDP, XSDT, FADT, MADT, DSDT, made from its description.
#pragma once

#include <cstddef>
#include <vector>

#include "pvh/base/error.hpp"
#include "pvh/board/board.hpp"

namespace pvh::board {

struct AcpiTables {
  GuestRange range;              ///< where they must lie: they name each other by address
  std::vector<std::byte> bytes;  ///< at most range.size(); the rest is zero
  GuestAddress rsdp;
};

/// Tables for `board`, to lie at kAcpiStart. Fails where the board asks for more CPUs or devices than it can
/// describe.
[[nodiscard]] Result<AcpiTables> acpi_tables(const Board& board);

}  // namespace pvh::board
