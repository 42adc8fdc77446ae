// Sentences for the faults of boot.
#include "pvh/words/words.hpp"

namespace pvh::words {

Table words_boot() {
  static constexpr FaultWords kWords[] = {
      {Fault::kMemorySize,
       "the guest's memory of {found} cannot be had; it must be a multiple of 4 KiB, not 0, and at most "
       "{wanted}",
       ""},
      {Fault::kStartInfoVersion, "a start info of version {found} cannot be written; it must be {wanted}",
       ""},
      {Fault::kCommandLineNul,
       "the {subject} has a NUL in it (at {where}), where the kernel would take it to end", ""},
      {Fault::kCommandLineNotAscii, "the {subject} has the byte {found} (at {where}); it must be ASCII",
       "Write it without accents and other letters beyond ASCII."},
      {Fault::kNotRelocatable,
       "the kernel cannot be loaded at {found}: it has no note that lets it lie anywhere but at {wanted}",
       "Leave the load address out, or build the kernel relocatable."},
      {Fault::kNotRandomizable, "the kernel cannot be placed at random: it has no note that lets it be moved",
       "Leave the randomization out, or build the kernel relocatable."},
      {Fault::kLoadAddressUnaligned,
       "the load address {found} is not a multiple of {wanted}, as the kernel asks", ""},
      {Fault::kLoadAddressTooLow,
       "the load address {found} lies below {wanted}, the lowest that the kernel allows", ""},
      {Fault::kLoadAddressTooHigh,
       "{thing}, does not fit at {found}: its last byte must not lie above {wanted}, as its note says",
       "Choose a lower load address."},
      {Fault::kRangeMeetsBoard, "{thing}, lies over what the machine needs as it is: {obstacle}",
       "Choose another place for the range."},
      {Fault::kRamNotBacked, "{thing}, is not inside {obstacle}: there is nothing to be called RAM",
       "A range of RAM only takes back what an earlier range called otherwise; more RAM is asked for by -m."},
      {Fault::kKernelAtZero, "{thing}, would lie at address 0, which says \"not present\"",
       "Choose a load address of 0x1000 or more, or link the kernel there."},
      {Fault::kKernelAbove4GiB, "{thing}, does not end below 4 GiB, where its 32-bit entry could reach it",
       "Link the kernel's segments at physical addresses (p_paddr) below 4 GiB."},
      {Fault::kMeetsReserved, "{thing}, cannot lie there: it meets what is not RAM, {obstacle}",
       "Move the --memmap range that stands there, load the kernel elsewhere (--load-address), or link it "
       "so."},
      {Fault::kOutsideRam, "{thing}, lies outside {obstacle}",
       "Memory of {would_do} would do: -m {would_do}."},
      {Fault::kNeverInRam, "{thing}, lies outside {obstacle}, and no amount of memory would reach there",
       "Below 4 GiB RAM ends at 3 GiB: the kernel must be linked, or loaded, below it."},
      {Fault::kNoKernelPosition,
       "{thing}, fits nowhere into a memory of {found}: it must start at a multiple of {wanted} "
       "within {obstacle}",
       "Memory of {would_do} would do: -m {would_do}."},
      {Fault::kNoKernelPositionEver,
       "{thing}, fits nowhere: it must start at a multiple of {wanted} within {obstacle}, and no "
       "amount of memory would give it room there",
       ""},
      {Fault::kNoRoom, "{thing}, does not fit beside {obstacle}: the largest room that is left has {found}",
       "Memory of {would_do} would do: -m {would_do}."},
      {Fault::kNoRoomEver,
       "{thing}, does not fit beside {obstacle}: the largest room that is left below 4 GiB has {found}, "
       "however much "
       "memory the guest has",
       ""},
      {Fault::kRegionNotMemory, "{thing}, cannot be loaded: that is not memory of the guest", ""},
  };
  return kWords;
}

}  // namespace pvh::words
