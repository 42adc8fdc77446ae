// Transfers by threads that wait for them: for hosts without io_uring.

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <semaphore>
#include <system_error>
#include <thread>
#include <vector>

#include "pvh/backend/disk_io.hpp"
#include "pvh/system/event.hpp"

namespace pvh::backend {

namespace {

int result_of(int file, const Transfer& transfer) {
  const auto count = static_cast<int>(transfer.pieces.size());
  const auto offset = static_cast<off_t>(transfer.offset);
  ssize_t result = 0;
  do {
    switch (transfer.kind) {
      case Transfer::Kind::kRead:
        result = ::preadv(file, transfer.pieces.data(), count, offset);
        break;
      case Transfer::Kind::kWrite:
        result = ::pwritev(file, transfer.pieces.data(), count, offset);
        break;
      case Transfer::Kind::kDurableWrite:
        result = ::pwritev2(file, transfer.pieces.data(), count, offset, RWF_DSYNC);
        break;
      case Transfer::Kind::kFlush:
        result = ::fdatasync(file);
        break;
      case Transfer::Kind::kDiscard:
      case Transfer::Kind::kZero:
        result = ::fallocate(file, fallocate_mode(transfer.kind), offset, static_cast<off_t>(transfer.size));
        break;
    }
  } while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : static_cast<int>(std::min<ssize_t>(result, INT32_MAX));
}

class ThreadIo final : public DiskIo {
 public:
  ThreadIo(int file, std::function<void()> in_each_thread)
      : file_(file), in_each_thread_(std::move(in_each_thread)) {}
  ThreadIo(const ThreadIo&) = delete;
  ThreadIo& operator=(const ThreadIo&) = delete;
  ~ThreadIo() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    begun_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  [[nodiscard]] bool open() {
    if (!event_.valid()) return false;
    try {
      for (unsigned i = 0; i < kThreads; ++i) threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {  // the library's only way to say it; fewer will do
    }
    // By now each is as confined as it will be.
    for (std::size_t i = 0; i < threads_.size(); ++i) started_.acquire();
    return !threads_.empty();
  }

  void begin(const Transfer& transfer, std::uint32_t tag) override {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back({transfer, tag});
    }
    begun_.notify_one();
  }

  bool submit() override { return true; }

  std::size_t reap(std::span<Completion> into) override {
    event_.clear();
    const std::lock_guard lock(mutex_);
    const std::size_t count = std::min(into.size(), done_.size());
    std::copy_n(done_.begin(), count, into.begin());
    done_.erase(done_.begin(), done_.begin() + static_cast<std::ptrdiff_t>(count));
    if (!done_.empty()) event_.signal();
    return count;
  }

  void wait() override {
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [this] { return !done_.empty(); });
  }

  [[nodiscard]] int descriptor() const override { return event_.descriptor(); }

 private:
  struct Job {
    Transfer transfer;
    std::uint32_t tag;
  };
  static constexpr unsigned kThreads = 4;

  void work() {
    in_each_thread_();
    started_.release();
    std::unique_lock lock(mutex_);
    for (;;) {
      begun_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const Job job = waiting_.front();
      waiting_.pop_front();
      lock.unlock();
      const int result = result_of(file_, job.transfer);
      lock.lock();
      done_.push_back({.tag = job.tag, .result = result});
      finished_.notify_one();
      event_.signal();
    }
  }

  int file_;
  std::function<void()> in_each_thread_;
  std::counting_semaphore<> started_{0};
  system::Event event_;
  std::mutex mutex_;
  std::condition_variable begun_;
  std::condition_variable finished_;
  std::deque<Job> waiting_;
  std::vector<Completion> done_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<DiskIo> thread_io(int file, std::function<void()> in_each_thread) {
  auto threads = std::make_unique<ThreadIo>(file, std::move(in_each_thread));
  if (!threads->open()) return nullptr;
  return threads;
}

}  // namespace pvh::backend
