#include "pvh/system/side_pipe.hpp"

#include <unistd.h>

#include <cerrno>
#include <vector>

namespace pvh::system {

namespace {

constexpr std::size_t kKept = 4096;
/// So many buffers at once: a guest that makes QEMU log without end must not keep us from the rest of the
/// loop.
constexpr int kRounds = 16;

}  // namespace

void SidePipe::serve() {
  char buffer[16 * 1024];
  for (int round = 0; !ended_ && round < kRounds; ++round) {
    const ssize_t count = ::read(read_end_.get(), buffer, sizeof buffer);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
      ended_ = true;  // closed later: a confined thread may not
      return;
    }
    kept_.append(buffer, static_cast<std::size_t>(count));
    if (!needle_.empty() && kept_.contains(needle_)) needle_seen_ = true;
    if (kept_.size() > kKept) kept_.erase(0, kept_.size() - kKept);
  }
}

std::string SidePipe::last_lines(std::size_t count, std::string_view between) const {
  std::vector<std::string_view> lines;
  std::string_view rest = kept_;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (!line.empty()) lines.push_back(line);
  }
  std::string out;
  for (std::size_t i = lines.size() - std::min(count, lines.size()); i < lines.size(); ++i) {
    if (!out.empty()) out += between;
    out += lines[i];
  }
  return out;
}

}  // namespace pvh::system
