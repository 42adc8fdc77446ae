// Ethernet: addresses, and the largest frame.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pvh::backend {

/// The largest frame that an interface of the host takes or gives: Ethernet's header, a VLAN's tag, 64 KiB of
/// IP.
inline constexpr std::size_t kLargestEthernetFrame = 14 + 4 + 65536;

using Mac = std::array<std::uint8_t, 6>;

/// "02:00:5e:10:00:01", where one card can have it: not of a group, not all zeros.
[[nodiscard]] std::optional<Mac> parse_mac(std::string_view text);
[[nodiscard]] std::string mac_text(const Mac& mac);

/// One that is nobody's by right (locally administered): the same for the same place on the host in the same
/// slot, and in all likelihood another for any other.
[[nodiscard]] Mac default_mac(std::string_view place, std::size_t slot);

}  // namespace pvh::backend
