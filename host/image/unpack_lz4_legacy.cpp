// lz4's legacy frame (a bzImage's payload, `lz4 -l`): a magic, then blocks of a size and that many bytes,
// each 8 MiB unpacked but the last. So each block's place in the output is known beforehand, and several
// threads can decode them. What comes out, also of broken frames, is what one thread would make that takes
// block after block.
#include <lz4.h>
#include <sched.h>

#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <tuple>
#include <vector>

#include "unpack.hpp"
#include "unpack_lz4.hpp"

namespace pvh::image {
namespace {

constexpr Compression kLz4 = Compression::kLz4;
constexpr std::uint64_t kLegacyBlock = 8 * kMiB;

bool all_zero(Bytes bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

/// In this order the things that can be wrong with a block are looked for.
enum class Stage : std::uint8_t { kSize, kFollowsShort, kCut, kRoom, kData };

struct Wrong {
  std::uint64_t block;
  Stage stage;
  Error error;
};

class LegacyFrame {
 public:
  LegacyFrame(Bytes packed, std::uint64_t at, const Output& output)
      : packed_(packed), output_(output), next_at_(at) {}

  /// Decodes blocks until there are no more. For any number of threads.
  void work() {
    while (const auto block = claim()) {
      const int written =
          LZ4_decompress_safe(chars(block->packed), chars(block->place),
                              static_cast<int>(block->packed.size()), static_cast<int>(block->place.size()));
      finish(*block, written);
    }
  }

  /// After all work: where the frame ends, and in `output` what is used of it.
  Result<std::uint64_t> end(Output& output) {
    if (short_ && *short_ + 1 < seen_)
      note({*short_ + 1, Stage::kFollowsShort,
            corrupt(kLz4, behind_short_, "a block follows one that is shorter than 8 MiB").error()});
    if (wrong_) return std::unexpected(std::move(wrong_->error));
    output.used += short_ ? *short_ * kLegacyBlock + short_size_ : seen_ * kLegacyBlock;
    return next_at_;
  }

 private:
  struct Block {
    std::uint64_t index;
    std::uint64_t at;  ///< of its size
    Bytes packed;
    std::span<std::byte> place;
    [[nodiscard]] std::uint64_t end() const { return at + sizeof(std::uint32_t) + packed.size(); }
  };

  /// The next block, where there is one that matters.
  std::optional<Block> claim() {
    const std::lock_guard lock(mutex_);
    if (over_) return std::nullopt;
    // Behind a block that is broken nothing matters; behind a short one, whether there is another.
    if (wrong_ && seen_ > wrong_->block) return std::nullopt;
    if (short_ && seen_ > *short_ + 1) return std::nullopt;
    auto block = read_next();
    over_ = !block;
    return block;
  }

  /// Nothing marks the end: the data ends, or another frame's magic stands where a size would, or zeros pad
  /// the rest. So nothing else may follow.
  std::optional<Block> read_next() {
    const std::uint64_t at = next_at_;
    if (at == packed_.size()) return std::nullopt;
    const auto size = read_le<std::uint32_t>(packed_, at);
    if (!size || *size == 0) {
      if (all_zero(input_at(packed_, at)))
        next_at_ = packed_.size();
      else
        note({seen_, Stage::kSize,
              size ? corrupt(kLz4, at, "a block's size cannot be right").error()
                   : truncated(kLz4, packed_.size()).error()});
      return std::nullopt;
    }
    if (is_lz4_magic(*size)) return std::nullopt;
    if (*size > LZ4_COMPRESSBOUND(kLegacyBlock)) {
      note({seen_, Stage::kSize, corrupt(kLz4, at, "a block's size cannot be right").error()});
      return std::nullopt;
    }
    const std::uint64_t index = seen_++;
    const auto packed = slice(packed_, at + sizeof *size, *size);
    if (!packed) {
      note({index, Stage::kCut, truncated(kLz4, packed_.size()).error()});
      return std::nullopt;
    }
    const std::span<std::byte> room = output_.room();
    if (room.size() / kLegacyBlock <= index) {
      note({index, Stage::kRoom, no_room(kLz4, at, output_).error()});
      return std::nullopt;
    }
    const Block block{index, at, *packed, room.subspan(index * kLegacyBlock, kLegacyBlock)};
    next_at_ = block.end();
    return block;
  }

  void finish(const Block& block, int written) {
    const std::lock_guard lock(mutex_);
    if (written < 0) {
      note({block.index, Stage::kData, corrupt(kLz4, block.at, "a block cannot be decoded").error()});
      return;
    }
    if (static_cast<std::uint64_t>(written) == kLegacyBlock || (short_ && *short_ < block.index)) return;
    short_ = block.index;
    short_size_ = static_cast<std::uint64_t>(written);
    behind_short_ = block.end();
  }

  /// Keeps what one thread would have met first.
  void note(Wrong wrong) {
    if (!wrong_ || std::tie(wrong.block, wrong.stage) < std::tie(wrong_->block, wrong_->stage))
      wrong_ = std::move(wrong);
  }

  const Bytes packed_;
  const Output output_;
  std::mutex mutex_;  ///< guards all that follows
  std::uint64_t next_at_;
  std::uint64_t seen_ = 0;  ///< blocks whose size was read
  bool over_ = false;
  std::optional<std::uint64_t> short_;  ///< the first block that is not 8 MiB
  std::uint64_t short_size_ = 0;
  std::uint64_t behind_short_ = 0;
  std::optional<Wrong> wrong_;
};

/// Threads beside the caller's. Fewer where the host gives no more.
std::vector<std::jthread> helpers(LegacyFrame& frame, unsigned threads) {
  std::vector<std::jthread> out;
  try {
    while (out.size() + 1 < threads) out.emplace_back([&frame] { frame.work(); });
  } catch (const std::system_error&) {
    return out;
  }
  return out;
}

}  // namespace

unsigned lz4_threads_for(Bytes packed) {
  constexpr std::uint64_t kWorthAThread = 2 * kMiB;
  if (packed.size() < 2 * kWorthAThread) return 1;
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  const auto cpus = static_cast<std::uint64_t>(CPU_COUNT(&allowed));
  return static_cast<unsigned>(std::min(cpus, packed.size() / kWorthAThread));
}

Result<std::uint64_t> unpack_lz4_legacy_frame(Bytes packed, std::uint64_t at, Output& output,
                                              unsigned threads) {
  at += sizeof(std::uint32_t);
  if (at == packed.size()) return truncated(kLz4, at);
  LegacyFrame frame(packed, at, output);
  {
    const std::vector<std::jthread> others = helpers(frame, threads);
    frame.work();
  }
  return frame.end(output);
}

}  // namespace pvh::image
