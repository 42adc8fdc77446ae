// Sentences for the faults of virtio.
#include "words.hpp"

namespace pvh::cli {

words::Table words_virtio() {
  static constexpr FaultWords kWords[] = {
      {Fault::kDiskSize, "{subject} has {found}, and a disk consists of sectors of {wanted}",
       "`truncate -s %512 FILE` fills the last one with zeros."},
      {Fault::kDiskFormat, "this is a {found} image; {subject} must be raw",
       "`qemu-img convert -f {found} -O raw FILE RAW` makes one."},
      {Fault::kDiskInUse, "somebody else uses this file, so that {subject} cannot be {wanted}",
       "Another run has it, or another --disk of this one. Several may share a file where all say `,ro`."},
      {Fault::kDiskFailed, "{subject} could not be {wanted} (at {where}): {found}",
       "The guest was told of an I/O error. Further ones of this disk are not told here."},
  };
  return kWords;
}

}  // namespace pvh::cli
