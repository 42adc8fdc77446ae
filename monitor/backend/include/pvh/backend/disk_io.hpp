// Transfers between guest memory and a disk's file, several at a time.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace pvh::backend {

struct Transfer {
  enum class Kind : std::uint8_t { kRead, kWrite, kDurableWrite, kFlush, kDiscard, kZero };

  Kind kind;
  std::uint64_t offset;           ///< in the file
  std::uint64_t size;             ///< of kDiscard and kZero
  std::span<const iovec> pieces;  ///< of the others but kFlush; they stay where they are until it is done
};

struct Completion {
  std::uint32_t tag;
  int result;  ///< how many bytes, at least for reads and writes; or errno, negative
};

/// One thread at a time.
class DiskIo {
 public:
  /// Transfers that may be under way at once.
  static constexpr std::uint32_t kDepth = 128;

  virtual ~DiskIo() = default;
  /// Begins one, at the latest with the next `submit`. No more than kDepth may be under way.
  virtual void begin(const Transfer& transfer, std::uint32_t tag) = 0;
  /// False where the host could not take them all just now: to be called again.
  [[nodiscard]] virtual bool submit() = 0;
  /// What is done, as many as there is room for.
  [[nodiscard]] virtual std::size_t reap(std::span<Completion> into) = 0;
  /// Until one is done.
  virtual void wait() = 0;
  /// To poll for input, while something is done.
  [[nodiscard]] virtual int descriptor() const = 0;
};

/// By io_uring; null where the host has none for us.
[[nodiscard]] std::unique_ptr<DiskIo> ring_io(int file);
/// By threads and the ordinary calls.
[[nodiscard]] std::unique_ptr<DiskIo> thread_io(int file, std::function<void()> in_each_thread);

/// The calls' arguments that both have in common.
[[nodiscard]] int fallocate_mode(Transfer::Kind kind);

}  // namespace pvh::backend
