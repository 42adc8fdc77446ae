// Requests of every kind, made from any source of numbers: a seeded generator, or a fuzzer's bytes.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "pvh/boot/plan.hpp"
#include "sample_kernel.hpp"

namespace pvh::boot::testing {

/// A number below the given bound, which is not 0.
using Numbers = std::function<std::uint64_t(std::uint64_t bound)>;

/// Holds what its request refers to.
class AnyRequest {
 public:
  explicit AnyRequest(Numbers numbers) : numbers_(std::move(numbers)), kernel_(any_kernel()) {}

  /// A request; the kernel stays the same from one to the next.
  [[nodiscard]] Request request() {
    Request request{.kernel = kernel_};
    request.memory_size = any_memory_size();
    request.version = static_cast<std::uint32_t>(one_in(4) ? numbers_(3) : 1);
    request.board.acpi = !one_in(4);
    request.command_line = any_text();
    for (std::uint64_t i = numbers_(6); i > 0; --i) request.modules.push_back(any_module());
    for (std::uint64_t i = one_in(2) ? numbers_(6) : 0; i > 0; --i)
      request.user_ranges.push_back(any_range());
    if (one_in(4)) request.load_address = GuestAddress{numbers_(64) * kMiB * (one_in(8) ? 64 : 1)};
    if (one_in(4)) request.randomize_seed = numbers_(UINT64_MAX);
    return request;
  }

 private:
  bool one_in(std::uint64_t n) { return numbers_(n) == 0; }

  /// Of any magnitude up to `limit`, which is a power of two.
  std::uint64_t any_size(std::uint64_t limit) {
    std::uint64_t bound = limit;
    for (std::uint64_t i = numbers_(12); i > 0 && bound > 1; --i) bound /= 4;
    return numbers_(bound);
  }

  std::uint64_t any_memory_size() {
    if (one_in(8)) return any_size(128 * kTiB);
    if (one_in(4)) return numbers_(2 * kGiB / kPageSize) * kPageSize;
    return (1 + any_size(4096)) * kMiB;
  }

  image::KernelImage any_kernel() {
    SampleKernel sample;
    const std::array<std::uint64_t, 5> starts{0x1000, kMiB, 2 * kMiB, 16 * kMiB, numbers_(kFourGiB)};
    std::uint64_t start = starts[numbers_(starts.size())];
    for (std::uint64_t i = 1 + numbers_(3); i > 0; --i) {
      const std::uint64_t size = 1 + any_size(64 * kMiB);
      sample.segment(start, size, one_in(4) ? "" : "the kernel's own bytes");
      start += size + any_size(4 * kMiB);
    }
    if (one_in(2)) {
      const std::uint64_t min = one_in(2) ? any_size(kGiB) : 0;
      const std::uint64_t max = one_in(2) ? any_size(2 * kFourGiB) : 0xffffffff;
      sample.relocatable(std::uint64_t{1} << numbers_(31), min, max);
    }
    return sample.build();
  }

  Module any_module() {
    static const std::vector<std::byte> kFile = [] {
      std::vector<std::byte> file(4 * kMiB);
      for (std::size_t i = 0; i < 64; ++i) file[i] = static_cast<std::byte>(i + 1);
      return file;
    }();
    // Small ones mostly, as every byte is read back.
    const std::uint64_t size = one_in(16) ? any_size(4 * kMiB) : numbers_(3 * kPageSize);
    Module module{.name = "file", .bytes = Bytes(kFile).first(size), .command_line = {}};
    if (one_in(3)) module.command_line = any_text();
    return module;
  }

  UserRange any_range() {
    const std::uint64_t start = one_in(4) ? any_size(16 * kGiB) : any_size(64 * kMiB);
    const std::uint64_t size = 1 + any_size(one_in(4) ? kGiB : kMiB);
    return {.type = static_cast<std::uint32_t>(numbers_(10)), .range = at(start, size)};
  }

  std::string any_text() {
    std::string text(any_size(one_in(8) ? 4 * kMiB : kKiB), 'x');
    if (!text.empty() && one_in(16)) text[numbers_(text.size())] = static_cast<char>(numbers_(256));
    return text;
  }

  Numbers numbers_;
  image::KernelImage kernel_;
};

}  // namespace pvh::boot::testing
