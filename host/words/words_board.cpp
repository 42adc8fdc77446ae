// Sentences for the faults of board.
#include "pvh/words/words.hpp"

namespace pvh::words {

Table words_board() {
  static constexpr FaultWords kWords[] = {
      {Fault::kCpuCount, "a machine of {found} CPUs was asked for; it can have {wanted}",
       "Choose another number with --cpus."},
      {Fault::kTooManyVirtioDevices,
       "{found} virtio devices were asked for; the board has slots for {wanted}",
       "Leave some out: each --disk takes one slot."},
  };
  return kWords;
}

}  // namespace pvh::words
