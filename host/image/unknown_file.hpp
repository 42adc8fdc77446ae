// What a file that is no kernel looks like, for the person who gave the wrong one. Private to image/.
#pragma once

#include <string>

#include "pvh/base/bytes.hpp"

namespace pvh::image {

/// "an initramfs (cpio archive)", or the first bytes where they tell nothing. Judges by a few magics only:
/// good for a message, not for a decision.
[[nodiscard]] std::string looks_like(Bytes file);

/// The first bytes in hexadecimal: "0x7f 0x45 0x4c 0x46".
[[nodiscard]] std::string first_bytes(Bytes bytes);

}  // namespace pvh::image
