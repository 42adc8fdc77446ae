// ACPI machine language, as much of it as the board's DSDT says: each function returns the code of one
// construct (ACPI 6.4, chapter 20), ready to be a part of another.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "pvh/base/address.hpp"
#include "pvh/base/bytes.hpp"

namespace pvh::board::aml {

using Code = std::vector<std::byte>;

[[nodiscard]] Code join(std::initializer_list<Code> parts);

/// A path of segments of at most four characters: "_HID", "\\_SB", "\\_SB.PWRB".
[[nodiscard]] Code path(std::string_view text);
/// In the shortest encoding; a byte above 1 always as ByteConst, which who scans for \_S5 by hand expects.
[[nodiscard]] Code integer(std::uint64_t value);
[[nodiscard]] Code string(std::string_view text);
/// A compressed identifier: "PNP0501".
[[nodiscard]] Code eisa_id(std::string_view id);
[[nodiscard]] Code package(std::initializer_list<Code> elements);

[[nodiscard]] Code name(std::string_view object, const Code& value);
[[nodiscard]] Code scope(std::string_view where, const Code& body);
[[nodiscard]] Code device(std::string_view object, const Code& body);
[[nodiscard]] Code method(std::string_view object, unsigned arguments, const Code& body);

/// A region of memory-mapped registers, and one register in it that takes all of it.
[[nodiscard]] Code memory_region(std::string_view region, GuestAddress start, std::uint8_t size);
[[nodiscard]] Code field(std::string_view region, std::string_view object, std::uint8_t bytes);

[[nodiscard]] Code argument(unsigned index);
[[nodiscard]] Code store(const Code& value, const Code& target);
[[nodiscard]] Code bit_and(const Code& left, const Code& right);
[[nodiscard]] Code equal(const Code& left, const Code& right);
[[nodiscard]] Code if_then(const Code& condition, const Code& body);
[[nodiscard]] Code notify(std::string_view object, std::uint64_t value);

/// A resource template of these descriptors, as a buffer with its end tag.
[[nodiscard]] Code resources(std::initializer_list<Code> descriptors);
[[nodiscard]] Code io_ports(std::uint16_t first, std::uint8_t count);
[[nodiscard]] Code isa_interrupt(unsigned number);
[[nodiscard]] Code fixed_memory(GuestAddress start, std::uint64_t size);

enum class Trigger : std::uint8_t { kLevel, kEdge };
/// A global system interrupt, active high, not shared.
[[nodiscard]] Code interrupt(std::uint32_t number, Trigger trigger);

}  // namespace pvh::board::aml
