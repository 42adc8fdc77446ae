// System calls for code that runs before libc is ready: no errno, no thread-local variables, no cancellation
// points.
#pragma once

namespace pvh::kvm {

/// The kernel's result: below 0 it is -errno.
inline long raw_call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  long result = number;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

inline long raw_address(const volatile void* thing) {
  return reinterpret_cast<long>(thing);
}

}  // namespace pvh::kvm
