// Decodes a request from the input and holds the plan, or the error, to what every plan owes.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "pvh/base/bytes.hpp"
#include "pvh/boot/plan.hpp"
#include "testing/any_request.hpp"
#include "testing/invariants.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const pvh::Bytes input = std::as_bytes(std::span(data, size));
  std::size_t used = 0;
  // Two bytes where they are enough, so that an input decides much; 0 once it is used up.
  const auto numbers = [&](std::uint64_t bound) -> std::uint64_t {
    const std::size_t width = bound <= 0xffff ? 2 : 8;
    const auto word = pvh::slice(input, used, width);
    used += width;
    if (!word) return 0;
    return (width == 2 ? *pvh::read_le<std::uint16_t>(*word, 0) : *pvh::read_le<std::uint64_t>(*word, 0)) %
           bound;
  };
  pvh::boot::testing::AnyRequest any(numbers);
  const pvh::boot::Request request = any.request();
  const auto plan = pvh::boot::plan(request);
  const std::string broken = plan ? pvh::boot::testing::broken_promise(request, *plan)
                                  : pvh::boot::testing::broken_promise(request, plan.error());
  if (broken.empty()) return 0;
  std::fprintf(stderr, "broken promise: %s\n", broken.c_str());
  std::abort();
}
