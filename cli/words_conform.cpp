// Sentences for the faults of conform.
#include "words.hpp"

namespace pvh::cli {

words::Table words_conform() {
  static constexpr FaultWords kWords[] = {
      {Fault::kCaptureNotJson, "the capture is not JSON: {found}",
       "Was it cut short, or is it another file?"},
      {Fault::kCaptureFormat, "the capture has format {found}; this pvh reads format {wanted}",
       "docs/capture.md describes the format."},
      {Fault::kCaptureMember, "in the capture, {subject} is {found}; it must be {wanted}",
       "docs/capture.md describes each member."},
      {Fault::kCaptureTooLarge, "the capture has {found}; {wanted} are read at the most",
       "Checksums can stand for what modules hold."},
      {Fault::kUnknownProducer, "there is no producer `{subject}`", "There are {wanted}."},
      {Fault::kNoKernelPlace, "the command {subject} does not say where the kernel goes",
       "Write {wanted} where its path belongs."},
      {Fault::kUnknownVariant, "there is no variant {subject}", "`pvh conform variants` lists them."},
      {Fault::kVariantImpossible, "this variant cannot be made here: {found}", ""},
      {Fault::kOpenTemplate, "the command {subject} has {found}",
       "Words stand between two quotes of one kind, and what may be left out in one pair of [ ]; in quotes a "
       "bracket is itself."},
      {Fault::kUnknownPlace, "the command {subject} has {found}, which is nothing that is filled in",
       "There are {wanted}. Where a brace itself is meant, write it twice."},
      {Fault::kProducerFailed, "the producer {subject} could not be run: {found}", ""},
  };
  return kWords;
}

}  // namespace pvh::cli
