// The host's kernel as the carrier of a guest's sockets (vhost-vsock).
#pragma once

#include <cstdint>

#include "pvh/base/error.hpp"
#include "pvh/base/unique_fd.hpp"

namespace pvh::backend {

/// The first CID that a guest can have, and the last: the others are nobody's, the host's own, or
/// everybody's.
inline constexpr std::uint32_t kFirstCid = 3;
inline constexpr std::uint32_t kLastCid = 0xfffffffe;

/// The host's end of the guest that has this CID, as long as it is open. Errors: no vhost-vsock on this host,
/// or the CID is in use.
[[nodiscard]] Result<UniqueFd> open_vsock(std::uint32_t cid);
/// What of an errno says that this end cannot be used.
[[nodiscard]] Error vsock_error(int error_number);

}  // namespace pvh::backend
