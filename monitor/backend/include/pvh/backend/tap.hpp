// A tap: an Ethernet interface of the host whose cable ends in this process.
#pragma once

#include <cstddef>
#include <string>

#include "pvh/base/error.hpp"
#include "pvh/base/unique_fd.hpp"

namespace pvh::backend {

/// The longest name that an interface can have.
inline constexpr std::size_t kLongestInterfaceName = 15;

/// In front of each frame, both ways: virtio's header (virtio 1.2, 5.1.6), which the host's kernel speaks,
/// too.
inline constexpr std::size_t kTapHeaderSize = 12;

/// The cable's end of the existing interface `name`. It does not block; each frame lies behind a header of
/// kTapHeaderSize bytes. Errors: the interface is missing, in use, of another kind, or not this user's.
[[nodiscard]] Result<UniqueFd> open_tap(const std::string& name);

}  // namespace pvh::backend
