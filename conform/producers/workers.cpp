#include "pvh/producers/workers.hpp"

#include <system_error>
#include <thread>
#include <vector>

namespace pvh::runners {

namespace {

/// Threads beside the caller's. Fewer where the host starts no more.
std::vector<std::jthread> helpers(unsigned count, const std::function<void()>& work) {
  std::vector<std::jthread> out;
  try {
    while (out.size() + 1 < count) out.emplace_back(work);
  } catch (const std::system_error&) {
    return out;
  }
  return out;
}

}  // namespace

void work_together(unsigned count, const std::function<void()>& work) {
  const std::vector<std::jthread> others = helpers(count, work);
  work();
}

}  // namespace pvh::runners
