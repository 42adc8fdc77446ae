// Any bytes as a file of the cache: its header, and the entry of a kept kernel in it.
#include <algorithm>
#include <cstdlib>

#include "entry.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pvh::cache;
  const pvh::Bytes bytes = std::as_bytes(std::span(data, size));
  if (const auto value = without_header("kernel-1-2-3", bytes)) {
    // Nobody guesses a checksum: then it is the corpus', and writing it gives the same file.
    const auto again = with_header("kernel-1-2-3", *value);
    if (!std::ranges::equal(again, bytes)) std::abort();
  }
  if (const auto entry = read_entry(bytes)) {
    // Only what we would write is taken, so that nothing is left to chance.
    const auto again = write_entry(*entry);
    if (size <= kLargestValue && (!again || !std::ranges::equal(*again, bytes))) std::abort();
  }
  return 0;
}
