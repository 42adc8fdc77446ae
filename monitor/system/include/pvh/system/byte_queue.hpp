// Bytes on their way from one descriptor to another: first in, first out, never more than its capacity, so
// that who is slow makes the other side wait instead of using up memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

#include "pvh/base/bytes.hpp"

namespace pvh::system {

class ByteQueue {
 public:
  /// Its memory is not touched before it is used: most runs use little of it.
  explicit ByteQueue(std::size_t capacity)
      : bytes_(std::make_unique_for_overwrite<std::byte[]>(capacity)), capacity_(capacity) {}

  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] std::size_t room() const { return capacity_ - (end_ - begin_); }
  [[nodiscard]] Bytes pending() const { return {bytes_.get() + begin_, end_ - begin_}; }

  /// Appends as much of `bytes` as there is room for, and says how much that was.
  std::size_t append(Bytes bytes) {
    const std::size_t count = std::min(bytes.size(), room());
    if (count > capacity_ - end_) move_to_front();
    if (count > 0) std::memcpy(bytes_.get() + end_, bytes.data(), count);
    end_ += count;
    return count;
  }

  /// Forgets the first `count` pending bytes.
  void consume(std::size_t count) {
    begin_ += std::min(count, end_ - begin_);
    if (empty()) begin_ = end_ = 0;
  }

 private:
  void move_to_front() {
    std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }

  std::unique_ptr<std::byte[]> bytes_;
  std::size_t capacity_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace pvh::system
