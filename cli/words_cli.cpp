// Sentences for the faults of cli: files, as they are opened and written.
#include "words.hpp"

namespace pvh::cli {

words::Table words_cli() {
  static constexpr FaultWords kWords[] = {
      {Fault::kFileMissing, "there is no such file; it was to be {subject}", ""},
      {Fault::kFileUnreadable, "this user has no permission: {subject} must be {wanted}", ""},
      {Fault::kFileIsDirectory, "this is a directory; {subject} must be a file", "Name a file in it."},
      {Fault::kFileIsSpecial, "this is {found}; {subject} must be {wanted}",
       "Its size must be known and its bytes readable in any order: copy them to a file first."},
      {Fault::kFileEmpty, "the file is empty; it was to be {subject}",
       "Was a download or a build cut short?"},
      {Fault::kFileFailed, "{subject} could not be {wanted}: {found}", ""},
      {Fault::kOutputIsTerminal, "an ELF file is not written to a terminal",
       "Name a file by -o, or send standard output to one."},
      {Fault::kOutputFailed, "the output could not be written: {found}", ""},
  };
  return kWords;
}

}  // namespace pvh::cli
