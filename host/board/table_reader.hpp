// For tests: finds the tables as a guest does, from the RSDP on, and sees none but by their addresses.
#pragma once

#include <numeric>
#include <optional>
#include <string_view>

#include "pvh/base/bytes.hpp"
#include "pvh/board/acpi.hpp"

namespace pvh::board {

inline Bytes at(const AcpiTables& tables, std::uint64_t address) {
  const std::uint64_t start = tables.range.start().value();
  if (address < start || address - start > tables.bytes.size()) return {};
  return Bytes(tables.bytes).subspan(address - start);
}

inline unsigned sum(Bytes bytes) {
  return std::accumulate(
             bytes.begin(), bytes.end(), 0U,
             [](unsigned so_far, std::byte byte) { return so_far + std::to_integer<unsigned>(byte); }) &
         0xffU;
}

/// The table at `address`, as long as it says that it is; empty where that is not inside.
inline Bytes table_at(const AcpiTables& tables, std::uint64_t address) {
  const Bytes rest = at(tables, address);
  return slice(rest, 0, read_le<std::uint32_t>(rest, 4).value_or(0)).value_or(Bytes{});
}

inline Bytes xsdt_of(const AcpiTables& tables) {
  return table_at(tables, read_le<std::uint64_t>(at(tables, tables.rsdp.value()), 24).value_or(0));
}

/// The first table with this signature that the XSDT names, or the FADT's DSDT or FACS.
inline Bytes find_table(const AcpiTables& tables, std::string_view signature) {
  if (signature == "DSDT")
    return table_at(tables, read_le<std::uint64_t>(find_table(tables, "FACP"), 140).value_or(0));
  if (signature == "FACS")
    return table_at(tables, read_le<std::uint32_t>(find_table(tables, "FACP"), 36).value_or(0));
  const Bytes xsdt = xsdt_of(tables);
  for (std::uint64_t offset = 36; offset < xsdt.size(); offset += 8) {
    const Bytes table = table_at(tables, read_le<std::uint64_t>(xsdt, offset).value_or(0));
    if (as_text(table).starts_with(signature)) return table;
  }
  return {};
}

}  // namespace pvh::board
