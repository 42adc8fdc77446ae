// What every engine is given of a guest that is ready to run.
#pragma once

#include <chrono>
#include <optional>
#include <span>

#include "pvh/base/file_view.hpp"
#include "pvh/boot/plan.hpp"

namespace pvh::run {

/// A planned guest. All that it views stays valid until the run has ended.
struct Guest {
  const boot::BootPlan* plan;
  /// Files that the plan's regions view: an engine may map them instead of copying. They are expected not to
  /// change while the guest runs.
  std::span<const FileView> files = {};
};

/// The user's side of a run.
struct Options {
  std::optional<std::chrono::milliseconds> timeout = {};
  int input = 0;  ///< descriptors of the guest's console; a terminal becomes raw
  int output = 1;
};

}  // namespace pvh::run
