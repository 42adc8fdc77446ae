// The program's first instruction, before libc's: `pvh run` has its virtual machine begun meanwhile
// (kvm/early). What is guessed here from the words is only ever time won or lost: the run looks whether it is
// what the options say.
//
// Until libc is ready this file uses nothing of it, nor what the compiler makes of such: no errno, no
// thread-local variables, no standard library. libc's start also relocates the program, so this file has no
// table of pointers: in a position-independent program its entries are not addresses yet.
// tests/before_libc_test.sh checks the object.

#include <cstddef>
#include <cstdint>

#include "pvh/kvm/early.hpp"
#include "pvh/launch/default_memory.hpp"

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

/// Words of a run that does not use our monitor. Fixed width: an array of pointers would need relocation.
constexpr char kOtherEngine[][16] = {"qemu", "--engine=qemu", "--no-acpi", "--help"};

/// What follows `start` in `word`; null where it does not begin so.
const char* after(const char* start, const char* word) {
  for (; *start != 0; ++start, ++word)
    if (*start != *word) return nullptr;
  return word;
}

bool same(const char* one, const char* other) {
  const char* rest = after(one, other);
  return rest != nullptr && *rest == 0;
}

/// "128", "128M" or "2G"; 0 for what is written otherwise.
std::uint64_t memory_size(const char* text) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 20;
  std::uint64_t number = 0;
  for (; *text >= '0' && *text <= '9' && number < kMost; ++text)
    number = number * 10 + static_cast<std::uint64_t>(*text - '0');
  if (same("", text) || same("M", text)) return number * kMiB;
  if (same("G", text)) return number * kMiB * 1024;
  return 0;
}

/// The memory that a run by our own monitor asks for, 0 where that is not clear; nothing to begin where
/// `run` is false.
struct Guess {
  bool run;
  std::uint64_t memory;
};

Guess guess(long count, const char* const* words) {
  Guess result{.run = count > 2 && same("run", words[1]), .memory = pvh::launch::kDefaultMemoryMiB * kMiB};
  for (long i = 2; i < count; ++i) {
    const char* word = words[i];
    for (const auto& other : kOtherEngine)
      if (same(other, word)) result.run = false;
    const char* memory = nullptr;
    if (same("-m", word) || same("--memory", word))
      memory = i + 1 < count ? words[i + 1] : "";
    else if (const char* joined = after("--memory=", word))
      memory = joined;
    else if (const char* short_joined = after("-m", word))
      memory = short_joined;
    if (memory != nullptr) result.memory = memory_size(memory);
  }
  return result;
}

}  // namespace

/// `start`: how many words the kernel has put there, and the words.
extern "C" [[gnu::used]] void pvh_before_libc(const long* start) {
  const Guess guessed = guess(start[0], reinterpret_cast<const char* const*>(start + 1));
  if (guessed.run) pvh::kvm::begin_early_machine(guessed.memory);
}

// Libc's own start follows, and finds everything as the kernel has left it.
asm(R"(
  .pushsection .text.pvh_start, "ax", @progbits
  .globl pvh_start
  .type pvh_start, @function
pvh_start:
  mov %rdx, %rbx
  mov %rsp, %rdi
  call pvh_before_libc
  mov %rbx, %rdx
  jmp _start
  .size pvh_start, . - pvh_start
  .popsection
)");
