// What a child process says beside its work: error messages, a log.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "pvh/base/unique_fd.hpp"

namespace pvh::system {

/// Reads a pipe whenever there is something in it, so that its writer never waits; keeps only the end of it.
class SidePipe {
 public:
  /// `needle`: a word to look out for.
  SidePipe(UniqueFd read_end, std::string needle)
      : read_end_(std::move(read_end)), needle_(std::move(needle)) {}

  /// What to poll for input; -1 once the other side has closed.
  [[nodiscard]] int descriptor() const { return ended_ ? -1 : read_end_.get(); }
  void serve();

  [[nodiscard]] bool needle_seen() const { return needle_seen_; }
  /// The last lines, joined by `between`.
  [[nodiscard]] std::string last_lines(std::size_t count, std::string_view between) const;

 private:
  UniqueFd read_end_;
  std::string needle_;
  std::string kept_;
  bool needle_seen_ = false;
  bool ended_ = false;
};

}  // namespace pvh::system
