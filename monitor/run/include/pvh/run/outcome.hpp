// How a guest's run ended: the same for every engine.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace pvh::run {

enum class Ending : std::uint8_t {
  kPowerOff,  ///< the guest asked for it, by ACPI
  kReboot,    ///< the guest asked for it
  kPanic,     ///< the guest said so itself: on the panic device, or on its console before it stopped or reset
  kTripleFault,  ///< the CPU gave up
  kCrash,        ///< the engine cannot run the guest on: an instruction or a state that it does not know
  kTimeLimit,    ///< --timeout
  kEnded,        ///< by the user: Ctrl-A x, SIGINT, SIGTERM, SIGHUP
};

struct Outcome {
  Ending ending;
  std::string detail;  ///< for kPanic: what the guest said; for kTripleFault and kCrash: registers, in lines
  int signal = 0;      ///< for kEnded by a signal: which
  std::chrono::milliseconds duration{0};
  bool mid_line = false;      ///< the guest's output does not end with the end of a line
  std::string warnings = {};  ///< what the engine's own program said besides, in lines
};

}  // namespace pvh::run
