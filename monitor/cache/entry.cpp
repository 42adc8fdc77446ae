#include "entry.hpp"

#include <lzma.h>

#include <array>
#include <charconv>

#include "pvh/base/boot_id.hpp"

namespace pvh::cache {
namespace {

/// Another layout gets another number, and is then none of ours.
constexpr std::uint64_t kMagic = 0x3268636163687670;  // "pvhcach2"

std::uint64_t crc64(Bytes bytes, std::uint64_t so_far = 0) {
  const void* const data = bytes.data();
  return lzma_crc64(static_cast<const std::uint8_t*>(data), bytes.size(), so_far);
}

std::string hex(std::uint64_t value) {
  std::array<char, 16> digits{};
  const auto done = std::to_chars(digits.begin(), digits.end(), value, 16);
  return {digits.data(), done.ptr};
}

void append_state(std::vector<std::byte>& out, const system::FileState& state) {
  append_le(out, state.device);
  append_le(out, state.inode);
  append_le(out, state.size);
  append_le(out, state.modified);
  append_le(out, state.changed);
}

void append_text(std::vector<std::byte>& out, std::string_view text) {
  append_le(out, static_cast<std::uint32_t>(text.size()));
  const Bytes bytes = as_bytes(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// Reads one thing behind the other; after the first that is cut off, everything is zero and `sound` false.
class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}

  template <std::unsigned_integral T>
  T number() {
    const auto value = read_le<T>(bytes_, at_);
    at_ += sizeof(T);
    sound_ = sound_ && value;
    return sound_ ? *value : T{0};
  }

  system::FileState state() {
    system::FileState state;
    state.device = number<std::uint64_t>();
    state.inode = number<std::uint64_t>();
    state.size = number<std::uint64_t>();
    state.modified = number<std::uint64_t>();
    state.changed = number<std::uint64_t>();
    return state;
  }

  std::string text() {
    const auto size = number<std::uint32_t>();
    const auto piece = slice(bytes_, at_, size);
    sound_ = sound_ && piece;
    if (!sound_) return {};
    at_ += size;
    return std::string(as_text(*piece));
  }

  [[nodiscard]] bool sound_to_the_end() const { return sound_ && at_ == bytes_.size(); }

 private:
  Bytes bytes_;
  std::uint64_t at_ = 0;
  bool sound_ = true;
};

}  // namespace

std::string elf_name(std::uint64_t size, std::uint32_t number) {
  return std::string(kElfPrefix) + hex(size) + "-" + hex(number);
}

std::string key_of(const system::FileState& source, std::uint64_t offset) {
  return std::string(kKernelKeyPrefix) + hex(source.device) + "-" + hex(source.inode) + "-" + hex(offset);
}

std::uint64_t fingerprint_of(Bytes packed) {
  constexpr std::size_t kPiece = 1024;  // of pages that were read to find out what the bytes are
  const std::size_t size = std::min(packed.size(), kPiece);
  return crc64(packed.last(size), crc64(packed.first(size)));
}

std::optional<std::vector<std::byte>> write_entry(const Entry& entry) {
  std::vector<std::byte> out;
  append_state(out, entry.source);
  append_le(out, entry.offset);
  append_le(out, entry.length);
  append_le(out, entry.fingerprint);
  append_state(out, entry.stored);
  append_le(out, entry.number);
  append_le(out, entry.boot);
  append_le(out, static_cast<std::uint8_t>(entry.on_disk));
  append_text(out, entry.label.path);
  append_text(out, entry.label.release);
  if (out.size() > kLargestValue) return std::nullopt;
  return out;
}

std::optional<Entry> read_entry(Bytes bytes) {
  Reader reader(bytes);
  Entry entry;
  entry.source = reader.state();
  entry.offset = reader.number<std::uint64_t>();
  entry.length = reader.number<std::uint64_t>();
  entry.fingerprint = reader.number<std::uint64_t>();
  entry.stored = reader.state();
  entry.number = reader.number<std::uint32_t>();
  entry.boot = reader.number<std::uint64_t>();
  const auto on_disk = reader.number<std::uint8_t>();
  entry.on_disk = on_disk == 1;
  entry.label.path = reader.text();
  entry.label.release = reader.text();
  if (!reader.sound_to_the_end() || entry.number >= kMostOfOneSize || on_disk > 1) return std::nullopt;
  return entry;
}

std::uint64_t boot_number() {
  const std::string id = boot_id();
  return id.empty() ? 0 : crc64(as_bytes(id));
}

Trust trust_in(const Entry& entry, std::uint64_t now, std::uint64_t boot) {
  constexpr std::uint64_t kSurelyWritten = 60'000'000'000;  // by the kernel: half of it is usual
  if (entry.on_disk) return Trust::kYes;
  if (boot == 0 || entry.boot != boot) return Trust::kNo;
  const bool old = entry.stored.changed < now && now - entry.stored.changed > kSurelyWritten;
  return old ? Trust::kWhenOnDisk : Trust::kYes;
}

std::vector<std::byte> with_header(std::string_view key, Bytes value) {
  std::vector<std::byte> out;
  append_le(out, kMagic);
  append_le(out, crc64(value, crc64(as_bytes(key))));
  out.insert(out.end(), value.begin(), value.end());
  return out;
}

std::optional<Bytes> without_header(std::string_view key, Bytes file) {
  constexpr std::uint64_t kHeader = 2 * sizeof(std::uint64_t);
  const auto magic = read_le<std::uint64_t>(file, 0);
  const auto checksum = read_le<std::uint64_t>(file, sizeof(std::uint64_t));
  if (magic != kMagic || !checksum) return std::nullopt;
  const Bytes value = file.subspan(kHeader);
  if (*checksum != crc64(value, crc64(as_bytes(key)))) return std::nullopt;
  return value;
}

}  // namespace pvh::cache
