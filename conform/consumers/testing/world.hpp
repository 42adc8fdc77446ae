// A kernel under variants without a machine: plans in memory that the tests read as a guest would.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "pvh/boot/load.hpp"
#include "pvh/consumers/vary.hpp"
#include "pvh/guest.h"
#include "testing/page_memory.hpp"
#include "testing/sample_kernel.hpp"

namespace pvh::consumers::testing {

class World {
 public:
  class Memory {
   public:
    explicit Memory(const boot::BootPlan& plan) : backing_(plan.backing), memory_(plan.backing) {
      EXPECT_TRUE(boot::load(plan, memory_, boot::Before::kZeros));
    }
    [[nodiscard]] pvh_memory view() { return {&Memory::read_for_guest, this}; }
    bool read(std::uint64_t at, void* out, std::size_t size) const {
      const auto range = GuestRange::from_size(GuestAddress{at}, size);
      const bool backed = range && std::ranges::any_of(backing_, [&](const board::Backing& piece) {
                            return piece.range.contains(*range);
                          });
      for (std::size_t i = 0; backed && i < size; ++i) static_cast<std::byte*>(out)[i] = memory_.byte(at + i);
      return backed;
    }

   private:
    static int read_for_guest(void* context, std::uint64_t at, void* out, std::size_t size) {
      return static_cast<const Memory*>(context)->read(at, out, size) ? 1 : 0;
    }
    std::vector<board::Backing> backing_;
    boot::testing::PageMemory memory_;
  };

  [[nodiscard]] Made made(const Variant& variant) const {
    auto made = make({.kernel = kernel_, .command_line = "one=1 two=2"}, variant);
    EXPECT_TRUE(made) << variant.name;
    return std::move(made).value();
  }
  [[nodiscard]] static std::unique_ptr<Memory> loaded(const Made& made) {
    return std::make_unique<Memory>(made.plan);
  }

 private:
  image::KernelImage kernel_ =
      boot::testing::SampleKernel{}.segment(kMiB, 64 * kKiB).relocatable(kPageSize).build();
};

}  // namespace pvh::consumers::testing
