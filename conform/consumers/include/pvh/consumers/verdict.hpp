// What a kernel made of a variant: what it told against what it was given.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/consumers/told.hpp"
#include "pvh/consumers/variants.hpp"

namespace pvh::consumers {

enum class Verdict : std::uint8_t {
  kExact,      ///< it came up, and used exactly what it was given; or stopped, where that is owed
  kUnknown,    ///< it came up, and cannot tell
  kOtherwise,  ///< it came up, and used something else; or went on where it should stop
  kDied,       ///< it did not come up
  kCannot,     ///< the variant cannot be made here, or tells nothing of this kernel
};

/// "exact", "cannot tell", "otherwise", "died", "left out": also the names in JSON.
[[nodiscard]] std::string_view verdict_name(Verdict verdict);

/// Whether a kernel with this verdict lives with the variant; kCannot is neither.
[[nodiscard]] bool lives(Verdict verdict);

/// How a run of a kernel went, whoever ran it.
struct Run {
  std::string output = {};
  bool up = false;                ///< a kernel that tells nothing: it ended as under "plain"
  std::optional<bool> said = {};  ///< whether it said what the user expects, where he does
  std::string ending = {};        ///< in words
  std::string registers = {};     ///< of a CPU that gave up
};

struct VariantResult {
  const Variant* variant = nullptr;
  Verdict verdict = Verdict::kCannot;
  std::string seen = {};
  std::string owed = {};
  std::string words = {};    ///< a dead kernel's last, or its registers; why a variant was left out
  std::string command = {};  ///< how to do it again
  std::chrono::milliseconds took{0};
};

/// The first difference between what was given and what the kernel says.
struct Difference {
  std::string seen;
  std::string owed;
};
[[nodiscard]] std::optional<Difference> difference(const Given& given, const Told& told);

/// Verdict, seen, owed and words of this run.
[[nodiscard]] VariantResult judge(const Variant& variant, const Given& given, const Run& run);

/// Takes back what was said of variants whose `needs` this kernel does not live with, and, where it does not
/// live with the plain one, of all.
void leave_out_what_tells_nothing(std::vector<VariantResult>& results);

}  // namespace pvh::consumers
