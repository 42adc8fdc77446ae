// Starts producers in a matrix of cases, and captures what each hands to its guest.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/base/error.hpp"
#include "pvh/report/report.hpp"

namespace pvh::runners {

enum class Matrix : std::uint8_t { kShort, kFull };

struct Options {
  std::string pvh;                          ///< this program, for the two engines
  std::string qemu = "qemu-system-x86_64";  ///< for the machines of QEMU
  Matrix matrix = Matrix::kShort;
  std::vector<std::string> only = {};  ///< the names of the cases that are run; empty: all of the matrix
  /// Of one case, more with a long command line; what is late is killed, and that is the verdict.
  std::chrono::milliseconds limit{20000};
  unsigned jobs = 2;  ///< cases at once
};

/// "pvh-qemu", …, and the form of a command.
[[nodiscard]] std::vector<std::string> producer_names();

/// An error where nothing is called so, or a command cannot be understood. Asks nothing of this machine.
[[nodiscard]] Result<void> check_producer(const std::string& name);

/// Runs every case that this producer can be asked for. An error only where it is none that we know, or no
/// files can be made for it.
[[nodiscard]] Result<conform::ProducerReport> run_producer(const std::string& name, const Options& options);

}  // namespace pvh::runners
