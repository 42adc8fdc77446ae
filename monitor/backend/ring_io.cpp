// Transfers by io_uring: begun together, with one system call.

#include <fcntl.h>
#include <liburing.h>

#include <array>

#include "pvh/backend/disk_io.hpp"

namespace pvh::backend {

namespace {

class RingIo final : public DiskIo {
 public:
  explicit RingIo(int file) : file_(file) {}
  RingIo(const RingIo&) = delete;
  RingIo& operator=(const RingIo&) = delete;
  ~RingIo() override {
    if (open_) ::io_uring_queue_exit(&ring_);
  }

  [[nodiscard]] bool open() {
    open_ = ::io_uring_queue_init(kDepth, &ring_, IORING_SETUP_R_DISABLED) == 0;
    return open_&& restrict() && ::io_uring_enable_rings(&ring_) == 0;
  }

  void begin(const Transfer& transfer, std::uint32_t tag) override {
    io_uring_sqe* const entry = ::io_uring_get_sqe(&ring_);
    if (entry == nullptr) return;  // there are as many as may be under way
    const auto count = static_cast<unsigned>(transfer.pieces.size());
    switch (transfer.kind) {
      case Transfer::Kind::kRead:
        ::io_uring_prep_readv(entry, file_, transfer.pieces.data(), count, transfer.offset);
        break;
      case Transfer::Kind::kWrite:
        ::io_uring_prep_writev(entry, file_, transfer.pieces.data(), count, transfer.offset);
        break;
      case Transfer::Kind::kDurableWrite:
        ::io_uring_prep_writev2(entry, file_, transfer.pieces.data(), count, transfer.offset, RWF_DSYNC);
        break;
      case Transfer::Kind::kFlush:
        ::io_uring_prep_fsync(entry, file_, IORING_FSYNC_DATASYNC);
        break;
      case Transfer::Kind::kDiscard:
      case Transfer::Kind::kZero:
        ::io_uring_prep_fallocate(entry, file_, fallocate_mode(transfer.kind),
                                  static_cast<off_t>(transfer.offset), static_cast<off_t>(transfer.size));
        break;
    }
    ::io_uring_sqe_set_data64(entry, tag);
  }

  bool submit() override {
    if (::io_uring_sq_ready(&ring_) > 0) (void)::io_uring_submit(&ring_);
    return ::io_uring_sq_ready(&ring_) == 0;
  }

  std::size_t reap(std::span<Completion> into) override {
    std::size_t count = 0;
    io_uring_cqe* done = nullptr;
    while (count < into.size() && ::io_uring_peek_cqe(&ring_, &done) == 0) {
      into[count++] = {.tag = static_cast<std::uint32_t>(::io_uring_cqe_get_data64(done)),
                       .result = done->res};
      ::io_uring_cqe_seen(&ring_, done);
    }
    return count;
  }

  void wait() override { (void)::io_uring_submit_and_wait(&ring_, 1); }

  [[nodiscard]] int descriptor() const override { return ring_.ring_fd; }

 private:
  /// What a filter of system calls does not see, the ring itself refuses: all but what is begun here.
  [[nodiscard]] bool restrict() {
    constexpr std::array kUsed{IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_FSYNC, IORING_OP_FALLOCATE};
    std::array<io_uring_restriction, kUsed.size()> allowed{};
    for (std::size_t i = 0; i < kUsed.size(); ++i) {
      allowed[i].opcode = IORING_RESTRICTION_SQE_OP;
      allowed[i].sqe_op = static_cast<std::uint8_t>(kUsed[i]);
    }
    return ::io_uring_register_restrictions(&ring_, allowed.data(), allowed.size()) == 0;
  }

  int file_;
  io_uring ring_{};
  bool open_ = false;
};

}  // namespace

int fallocate_mode(Transfer::Kind kind) {
  return FALLOC_FL_KEEP_SIZE |
         (kind == Transfer::Kind::kDiscard ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE);
}

std::unique_ptr<DiskIo> ring_io(int file) {
  auto ring = std::make_unique<RingIo>(file);
  if (!ring->open()) return nullptr;
  return ring;
}

}  // namespace pvh::backend
