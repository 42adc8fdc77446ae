// What the kernel was handed, read with suspicion (CONS-1 to CONS-4): every address, size and count is
// somebody else's, nothing is read that the caller's accessor does not give, and nothing needs to be aligned.
#pragma once

#include "pvh/guest.h"
#include "pvh/guest/memory_map.hpp"
#include "pvh/guest/result.hpp"

namespace pvh::guest {

using Memory = pvh_memory;
using String = pvh_string;
using Module = pvh_module;
using Reservation = pvh_reservation;

/// The part of the structure that every version has (START-2).
inline constexpr size_t kVersion0Size = offsetof(hvm_start_info, memmap_paddr);

/// The start info, its magic and version checked. What it points to is read when it is asked for, so that a
/// broken module list costs a kernel its modules and not its memory map.
class StartInfo {
 public:
  /// The only way to one (CONS-1). `paddr` is what the entry state gave.
  static Result<StartInfo> parse(const Memory& memory, uint64_t paddr);
  /// One that the C interface holds.
  static StartInfo from(const pvh_start& parsed) { return StartInfo(parsed); }

  [[nodiscard]] uint64_t address() const { return start_.paddr; }
  [[nodiscard]] uint32_t version() const { return start_.version; }
  /// SIF_*; bits that the kernel does not know are to be ignored (START-3).
  [[nodiscard]] uint32_t flags() const { return start_.flags; }

  Result<String> command_line(uint64_t limit = PVH_STRING_LIMIT) const;

  /// 0 where there is no list (START-4).
  [[nodiscard]] uint32_t module_count() const { return start_.nr_modules; }
  /// Absent where `index` is not below the count.
  Result<Module> module(uint32_t index) const;
  Result<String> command_line_of(const Module& module, uint64_t limit = PVH_STRING_LIMIT) const;

  /// The address of the ACPI root; whether it is one, `check` and ACPI code tell.
  Result<uint64_t> rsdp() const;
  /// Absent on version 0 and where there are no entries (START-2, MAP-1).
  Result<MemoryMap> memory_map() const;

  using VisitReservation = void (*)(void* context, const Reservation&);
  /// Everything to keep out of free memory until it has been used (CONS-4): structure, tables, strings,
  /// modules, the ACPI root. ACPI's tables have their own types in the map. Gives the first error after all
  /// that is good, or one of Fault::kNone.
  [[nodiscard]] Error reserve(VisitReservation visit, void* context) const;

  using VisitFault = void (*)(void* context, const Error&);
  /// Everything in which the producer broke the contract and which a tolerant reader passes over: alignment,
  /// order, reserved words, addresses above 4 GiB, and what is broken for good (CONS-3). True if nothing.
  [[nodiscard]] bool check(VisitFault visit, void* context) const;

  /// For the C interface.
  [[nodiscard]] const pvh_start& parsed() const { return start_; }

 private:
  explicit StartInfo(const pvh_start& start) : start_(start) {}

  pvh_start start_;
};

/// Whether it is the list that cannot be read and not one module that is broken. Whoever walks a list stops
/// there: behind it there may be four thousand million more of the same.
[[nodiscard]] constexpr bool ends_the_list(const Error& error) {
  return error.fault == Fault::kUnreadable || error.fault == Fault::kWraps;
}

/// The string's characters and a NUL into `out`; never cut. Gives how many characters.
Result<uint64_t> copy_string(const Memory& memory, const String& string, char* out, size_t capacity);

}  // namespace pvh::guest
