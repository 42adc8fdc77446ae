// Linux's bzImage: the setup header (x86 boot protocol) tells where the compressed kernel lies. We do not run
// the setup code, so whatever else the header asks of a boot loader (LOADED_HIGH among it) plays no part.
#include <cstdio>

#include "pvh/image/containers.hpp"

namespace pvh::image {
namespace {

constexpr std::uint64_t kSector = 512;

// Offsets in the file, by the boot protocol.
constexpr std::uint64_t kSetupSects = 0x1f1;     // u8, sectors behind the first; 0 means 4
constexpr std::uint64_t kBootFlag = 0x1fe;       // u16
constexpr std::uint64_t kHeaderMagic = 0x202;    // "HdrS"
constexpr std::uint64_t kProtocol = 0x206;       // u16
constexpr std::uint64_t kVersionText = 0x20e;    // u16, less 0x200; 0 means none
constexpr std::uint64_t kPayloadOffset = 0x248;  // u32, from the protected-mode code
constexpr std::uint64_t kPayloadLength = 0x24c;  // u32
constexpr std::uint64_t kHeaderEnd = 0x250;

constexpr std::uint16_t kBootFlagValue = 0xaa55;
constexpr std::uint16_t kOldestProtocol = 0x0208;  // the first with the payload's place
constexpr std::uint64_t kSizeOfSize = 4;           // the payload's last bytes: its unpacked size

/// "2.15", as the boot protocol writes its versions.
std::string protocol_text(std::uint16_t protocol) {
  char text[8];
  std::snprintf(text, sizeof text, "%u.%02u", protocol >> 8U, protocol & 0xffU);
  return text;
}

std::unexpected<Error> truncated(std::string_view subject, std::uint64_t where, Bytes file,
                                 std::uint64_t wanted) {
  return std::unexpected(Error{.what = Fault::kBzImageTruncated,
                               .subject = std::string(subject),
                               .where = where,
                               .found = Size{file.size()},
                               .wanted = Size{wanted}});
}

/// The version string: inside the setup code, up to its NUL. Empty where the header names none.
Result<std::string_view> read_version(Bytes setup) {
  const std::uint16_t pointer = read_le<std::uint16_t>(setup, kVersionText).value_or(0);
  if (pointer == 0) return std::string_view{};
  const std::uint64_t start = std::uint64_t{pointer} + 0x200;
  const std::string_view text = as_text(setup);
  const std::size_t end = start < text.size() ? text.find('\0', start) : std::string_view::npos;
  if (end == std::string_view::npos)
    return std::unexpected(
        Error{.what = Fault::kBzImageVersionText, .where = kVersionText, .found = Hex{start}});
  return text.substr(start, end - start);
}

}  // namespace

Parsed<BzImage> read_bzimage(Bytes file) {
  if (read_le<std::uint16_t>(file, kBootFlag) != kBootFlagValue) return std::nullopt;
  if (const auto magic = slice(file, kHeaderMagic, 4); !magic || as_text(*magic) != "HdrS")
    return std::nullopt;

  const auto protocol = read_le<std::uint16_t>(file, kProtocol);
  if (protocol && *protocol < kOldestProtocol)
    return std::unexpected(
        Error{.what = Fault::kBzImageTooOld, .where = kProtocol, .found = protocol_text(*protocol)});
  const auto payload_offset = read_le<std::uint32_t>(file, kPayloadOffset);
  const auto payload_length = read_le<std::uint32_t>(file, kPayloadLength);
  if (!protocol || !payload_offset || !payload_length)
    return truncated("its setup header", kHeaderMagic, file, kHeaderEnd);

  const std::uint8_t sectors = read_le<std::uint8_t>(file, kSetupSects).value_or(0);
  const std::uint64_t setup_size = (std::uint64_t{sectors == 0 ? std::uint8_t{4} : sectors} + 1) * kSector;
  const auto setup = slice(file, 0, setup_size);
  if (!setup) return truncated("its setup code", 0, file, setup_size);
  const Result<std::string_view> version = read_version(*setup);
  if (!version) return std::unexpected(version.error());

  const std::uint64_t start = setup_size + *payload_offset;
  if (*payload_length <= kSizeOfSize)
    return std::unexpected(Error{.what = Fault::kBzImagePayloadEmpty,
                                 .where = kPayloadLength,
                                 .found = Size{*payload_length},
                                 .wanted = Size{kSizeOfSize}});
  const auto payload = slice(file, start, *payload_length);
  if (!payload) return truncated("its payload", start, file, start + *payload_length);
  return BzImage{.protocol = *protocol, .payload = *payload, .payload_offset = start, .version = *version};
}

}  // namespace pvh::image
