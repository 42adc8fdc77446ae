// Sentences for the faults of cache.
#include "words.hpp"

namespace pvh::cli {

words::Table words_cache() {
  static constexpr FaultWords kWords[] = {
      {Fault::kCacheForeign, "the cache directory {subject} is {found}, so it is not used",
       "It must belong to this user and have mode 0700: mend it, or remove it and it is made anew."},
      {Fault::kCacheFailed, "the cache directory {subject} cannot be used: {found}", ""},
  };
  return kWords;
}

}  // namespace pvh::cli
