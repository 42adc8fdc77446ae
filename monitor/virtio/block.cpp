#include "pvh/virtio/block.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "pvh/backend/disk_io.hpp"

namespace pvh::virtio {

namespace {

using backend::Completion;
using backend::DiskIo;
using backend::kSectorSize;
using backend::Transfer;
using Kind = Transfer::Kind;

// Features, by bit.
constexpr std::uint64_t kSegmentsMax = 1U << 2U;
constexpr std::uint64_t kReadOnly = 1U << 5U;
constexpr std::uint64_t kBlockSize = 1U << 6U;
constexpr std::uint64_t kFlush = 1U << 9U;
constexpr std::uint64_t kTopology = 1U << 10U;
constexpr std::uint64_t kWriteCache = 1U << 11U;
constexpr std::uint64_t kQueues = 1U << 12U;
constexpr std::uint64_t kDiscard = 1U << 13U;
constexpr std::uint64_t kWriteZeroes = 1U << 14U;

// Requests.
constexpr std::uint32_t kIn = 0;
constexpr std::uint32_t kOut = 1;
constexpr std::uint32_t kFlushRequest = 4;
constexpr std::uint32_t kGetSerial = 8;
constexpr std::uint32_t kDiscardRequest = 11;
constexpr std::uint32_t kWriteZeroesRequest = 13;

constexpr std::uint8_t kOk = 0;
constexpr std::uint8_t kIoError = 1;
constexpr std::uint8_t kUnsupported = 2;

// A request: type (4), reserved (4), sector (8); data; and a byte of status.
constexpr std::size_t kHeaderSize = 16;
constexpr std::size_t kSectorAt = 8;
constexpr std::size_t kSerialSize = 20;

// A range to discard or to make zero: sector (8), sectors (4), flags (4).
constexpr std::size_t kRangeSize = 16;
constexpr std::uint32_t kMayUnmap = 1;
constexpr std::uint32_t kMostDiscarded = 1U << 22U;  // sectors: 2 GiB
// So much is written out where the file cannot have it otherwise, in one transfer.
constexpr std::size_t kZerosSize = 64 * kKiB;
constexpr std::size_t kZerosPieces = 256;
constexpr std::uint32_t kMostZeroed = kZerosSize * kZerosPieces / kSectorSize;

// The configuration.
constexpr std::size_t kConfigSize = 60;
constexpr std::size_t kWriteBackAt = 32;

// For how long to wait where the host could not take a transfer.
constexpr std::chrono::milliseconds kPatience{1};

constexpr const char* kCut = "the file has become shorter than the disk";

const char* done_to(Kind kind) {
  switch (kind) {
    case Kind::kRead:
      return "read";
    case Kind::kWrite:
    case Kind::kDurableWrite:
      return "written";
    case Kind::kFlush:
      return "flushed";
    default:
      return "cleared";
  }
}

/// What is written where the file cannot make zeros of a range by itself.
std::array<std::byte, kZerosSize> zeros{};

template <class T>
void put(std::span<std::byte, kConfigSize> config, std::size_t at, T value) {
  std::memcpy(config.data() + at, &value, sizeof value);
}

}  // namespace

struct Block::Request {
  std::uint32_t tag = 0;
  unsigned queue = 0;
  std::uint16_t head = 0;
  Buffers data;
  std::span<std::byte> status;
  std::uint64_t room = 0;     ///< for data in the guest's buffers, before the status
  std::uint64_t written = 0;  ///< of these bytes, from the first on
  Kind kind = Kind::kFlush;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;       ///< of a range to clear
  bool must_read_zero = false;  ///< the range, afterwards
};

Block::Block(backend::DiskFile file, Options options) : file_(std::move(file)), options_(std::move(options)) {
  options_.queues = std::max(1U, options_.queues);
}

Block::~Block() = default;

std::uint64_t Block::features() const {
  std::uint64_t all = kCommonFeatures | kSegmentsMax | kBlockSize | kTopology | kFlush;
  if (options_.queues > 1) all |= kQueues;
  return all | (file_.read_only() ? kReadOnly : kWriteCache | kDiscard | kWriteZeroes);
}

void Block::read_config(std::uint64_t offset, std::span<std::byte> out) {
  std::array<std::byte, kConfigSize> config{};
  const std::uint32_t logical = file_.logical_block();
  const std::uint32_t per_block = logical / kSectorSize;
  put(config, 0, file_.size() / kSectorSize);
  put(config, 12, std::uint32_t{kMaxQueueSize - 2});  // header and status take one each
  put(config, 20, logical);
  put(config, 24, static_cast<std::uint8_t>(std::bit_width(file_.physical_block() / logical) - 1));
  put(config, 26, std::uint16_t{1});
  put(config, kWriteBackAt, static_cast<std::uint8_t>(write_back_));
  put(config, 34, static_cast<std::uint16_t>(options_.queues));
  put(config, 36, kMostDiscarded);
  put(config, 40, std::uint32_t{1});
  put(config, 44, per_block);
  put(config, 48, kMostZeroed);
  put(config, 52, std::uint32_t{1});
  put(config, 56, std::uint8_t{1});
  if (offset >= config.size()) return;
  const Bytes rest = Bytes(config).subspan(offset);
  std::ranges::copy(rest.first(std::min(rest.size(), out.size())), out.begin());
}

void Block::write_config(std::uint64_t offset, Bytes in) {
  const bool offered = driver_ != nullptr && (driver_->features() & kWriteCache) != 0;
  if (offered && offset == kWriteBackAt && in.size() == 1) write_back_ = in[0] != std::byte{0};
}

void Block::settle(const std::function<void()>& confine) {
  if (!options_.threads_only) io_ = backend::ring_io(file_.descriptor());
  if (!io_) io_ = backend::thread_io(file_.descriptor(), confine);
}

std::vector<int> Block::descriptors() const {
  return {file_.descriptor(), io_ ? io_->descriptor() : -1};
}

void Block::start(Driver& driver) {
  driver_ = &driver;
  write_back_ = true;
}

void Block::stop() {
  std::array<Completion, 16> done;
  while (idle_.size() < requests_.size()) {
    io_->wait();
    const std::size_t count = io_->reap(done);
    for (const Completion& completion : std::span(done).first(count))
      idle_.push_back(requests_[completion.tag].get());
  }
  submitted_ = true;
  driver_ = nullptr;
}

void Block::prepare(system::Waits& waits) {
  if (io_) waits.on(io_->descriptor(), POLLIN);
  if (!submitted_) waits.until(Clock::now() + kPatience);
}

void Block::serve(system::Ready) {
  constexpr unsigned kMost = 2 * DiskIo::kDepth;  // then others have their turn
  cut_.reset();
  unsigned served = 0;
  for (unsigned moved = 1; moved > 0 && served < kMost; served += moved) {
    const auto taken = take_requests(kMost);
    if (!taken) return driver_->broken();
    submitted_ = !io_ || io_->submit();
    // What the host has in its memory is done by now.
    moved = *taken + finish_transfers();
  }
  for (unsigned i = 0; i < options_.queues; ++i) driver_->publish(i);
  if (served >= kMost) driver_->again();
}

void Block::pause() {
  // A transfer that the host did in part goes on here, too.
  while (idle_.size() < requests_.size()) {
    io_->wait();
    (void)finish_transfers();
  }
  submitted_ = true;
  for (unsigned i = 0; i < options_.queues; ++i) driver_->publish(i);
}

unsigned Block::finish_transfers() {
  if (!io_) return 0;
  std::array<Completion, 32> done;
  const std::size_t count = io_->reap(done);
  for (const Completion& completion : std::span(done).first(count)) finish_transfer(completion);
  return static_cast<unsigned>(count);
}

std::optional<unsigned> Block::take_requests(unsigned most) {
  unsigned taken = 0;
  for (unsigned i = 0; i < options_.queues; ++i) {
    Queue* const queue = driver_->queue(i);
    if (queue == nullptr) continue;
    queue->disable_notifications();
    while (taken < most) {
      // While all are busy nobody has to notify us: one that ends brings us back here.
      Request* const request = idle_request();
      if (request == nullptr) return taken;
      const Taken result = take_request(i, *queue, *request);
      if (result == Taken::kBroken) return std::nullopt;
      if (result == Taken::kOne)
        ++taken;
      else if (!queue->enable_notifications())
        break;
    }
  }
  return taken;
}

Block::Request* Block::idle_request() {
  if (idle_.empty() && requests_.size() < DiskIo::kDepth) {
    requests_.push_back(std::make_unique<Request>());
    requests_.back()->tag = static_cast<std::uint32_t>(requests_.size() - 1);
    idle_.push_back(requests_.back().get());
  }
  return idle_.empty() ? nullptr : idle_.back();
}

Block::Taken Block::take_request(unsigned index, Queue& queue, Request& request) {
  const Queue::Next next = queue.pop(chain_);
  if (next == Queue::Next::kEmpty) return Taken::kNothing;
  if (next == Queue::Next::kBroken) return Taken::kBroken;
  std::array<std::byte, kHeaderSize> header;
  request.status = chain_.writable.take_back(1);
  // Without a place for the status there is no other way to say it.
  if (request.status.empty() || chain_.readable.read(header) < header.size()) return Taken::kBroken;
  chain_.readable.drop_front(header.size());
  idle_.pop_back();
  request.queue = index;
  request.head = chain_.head;
  request.room = chain_.writable.size();
  request.written = 0;
  request.must_read_zero = false;
  const auto type = read_le<std::uint32_t>(header, 0).value_or(0);
  std::swap(request.data, type == kIn || type == kGetSerial ? chain_.writable : chain_.readable);
  perform(request, type, read_le<std::uint64_t>(header, kSectorAt).value_or(0));
  return Taken::kOne;
}

void Block::perform(Request& request, std::uint32_t type, std::uint64_t sector) {
  switch (type) {
    case kIn:
      request.kind = Kind::kRead;
      return read_or_write(request, sector);
    case kOut:
      request.kind = writes_through() ? Kind::kDurableWrite : Kind::kWrite;
      return read_or_write(request, sector);
    case kFlushRequest:
      request.kind = Kind::kFlush;
      return begin(request);
    case kGetSerial:
      return tell_serial(request);
    case kDiscardRequest:
    case kWriteZeroesRequest:
      return clear_range(request, type == kDiscardRequest);
    default:
      return answer(request, kUnsupported);
  }
}

bool Block::fits(std::uint64_t sector, std::uint64_t size) const {
  const std::uint64_t sectors = file_.size() / kSectorSize;
  return size % kSectorSize == 0 && sector <= sectors && size / kSectorSize <= sectors - sector;
}

bool Block::writes_through() const {
  // A driver that does not flush counts on it.
  return (driver_->features() & kFlush) == 0 || !write_back_;
}

void Block::read_or_write(Request& request, std::uint64_t sector) {
  const bool write = request.kind != Kind::kRead;
  if (request.data.empty() || !fits(sector, request.data.size()) || (write && file_.read_only()))
    return answer(request, kIoError);
  request.offset = sector * kSectorSize;
  if (write && is_cut()) return fail(request, kCut);
  begin(request);
}

void Block::tell_serial(Request& request) {
  std::array<std::byte, kSerialSize> serial{};
  const Bytes text = as_bytes(options_.serial);
  std::ranges::copy(text.first(std::min(text.size(), serial.size())), serial.begin());
  request.written = request.data.write(serial);
  answer(request, kOk);
}

void Block::clear_range(Request& request, bool discard) {
  std::array<std::byte, kRangeSize> range;
  if (request.data.size() != range.size() || request.data.read(range) < range.size() || file_.read_only())
    return answer(request, kIoError);
  const auto sector = read_le<std::uint64_t>(range, 0).value_or(0);
  const auto sectors = read_le<std::uint32_t>(range, 8).value_or(0);
  const auto flags = read_le<std::uint32_t>(range, 12).value_or(0);
  if ((flags & ~(discard ? 0 : kMayUnmap)) != 0) return answer(request, kUnsupported);
  request.size = sectors * kSectorSize;
  if (sectors > (discard ? kMostDiscarded : kMostZeroed) || !fits(sector, request.size))
    return answer(request, kIoError);
  if (sectors == 0) return answer(request, kOk);
  request.offset = sector * kSectorSize;
  request.must_read_zero = !discard;
  request.kind = discard || flags == kMayUnmap ? Kind::kDiscard : Kind::kZero;
  if (is_cut()) return fail(request, kCut);
  begin(request);
}

bool Block::is_cut() {
  if (!cut_) cut_ = file_.is_cut();
  return *cut_;
}

void Block::begin(Request& request) {
  if (!io_) return fail(request, "the host has neither io_uring nor threads for it");
  io_->begin(
      {.kind = request.kind, .offset = request.offset, .size = request.size, .pieces = request.data.pieces()},
      request.tag);
}

void Block::finish_transfer(const Completion& completion) {
  Request& request = *requests_[completion.tag];
  if (completion.result == -EINTR || completion.result == -EAGAIN) return begin(request);
  const bool clears = request.kind == Kind::kDiscard || request.kind == Kind::kZero;
  if (completion.result == -EOPNOTSUPP && clears) return do_without(request);
  if (completion.result < 0) return fail(request, std::strerror(-completion.result));
  if (clears && writes_through()) {
    request.kind = Kind::kFlush;
    return begin(request);
  }
  if (clears || request.kind == Kind::kFlush) return answer(request, kOk);
  go_on(request, static_cast<std::uint32_t>(completion.result));
}

void Block::go_on(Request& request, std::uint32_t moved) {
  // Inside the disk and yet at the file's end.
  if (moved == 0) return fail(request, kCut);
  if (request.kind == Kind::kRead) request.written += moved;
  request.offset += moved;
  request.data.drop_front(moved);
  if (!request.data.empty()) return begin(request);
  answer(request, kOk);
}

void Block::do_without(Request& request) {
  // To discard is a hint.
  if (!request.must_read_zero) return answer(request, kOk);
  request.data.clear();
  for (std::uint64_t left = request.size; left > 0;) {
    const std::size_t piece = std::min<std::uint64_t>(left, zeros.size());
    request.data.append(std::span(zeros).first(piece));
    left -= piece;
  }
  request.kind = writes_through() ? Kind::kDurableWrite : Kind::kWrite;
  begin(request);
}

void Block::answer(Request& request, std::uint8_t status) {
  store<std::uint8_t>(request.status, 0, status);
  // The used length promises so many bytes from the first on (2.7.8.2): where data has a gap behind it, or
  // failed, the status is not among them.
  const std::uint64_t data = status == kOk ? request.written : 0;
  const std::uint64_t written = data + (data == request.room ? 1 : 0);
  if (Queue* const queue = driver_->queue(request.queue))
    queue->push(request.head, static_cast<std::uint32_t>(written));
  idle_.push_back(&request);
}

void Block::fail(Request& request, const std::string& reason) {
  if (!reported_)
    options_.report(
        Error{.what = Fault::kDiskFailed,
              .subject = options_.name,
              .where = request.kind == Kind::kFlush ? std::nullopt : std::optional(request.offset),
              .found = reason,
              .wanted = std::string(done_to(request.kind))});
  reported_ = true;
  answer(request, kIoError);
}

}  // namespace pvh::virtio
