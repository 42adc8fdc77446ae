// What a reader answers: a value, "absent", or an error that names the clause. Needs no C++ library, so it
// works for a kernel that has none.
#pragma once

#include <stdint.h>

namespace pvh::guest {

/// The clauses of the contract that start info can break.
enum class Clause : uint8_t {
  kNone,
  kStart1,
  kStart2,
  kStart4,
  kStart5,
  kStart6,
  kStart7,
  kStart8,
  kMap1,
  kMap3,
  kMap4,
  kCons2,
  kCount_,
};

enum class Fault : uint8_t {
  kNone,
  kNoStartInfo,        ///< the address of the start info is 0
  kUnreadable,         ///< `where` cannot be read
  kWraps,              ///< address + size passes the end of the address space
  kBadMagic,           ///< `found` is not the magic
  kUnterminated,       ///< the string at `where` has no NUL within its bound; `found` is how far it was read
  kStorageTooSmall,    ///< the caller's; `found` is how much there is
  kModuleAtZero,       ///< a module with a size but no address
  kModuleWraps,        ///< a module that passes the end of the address space
  kCountWithoutTable,  ///< `found` entries, but the table's address is 0
  kMisaligned,         ///< `where` is not a multiple of 8
  kTooHigh,            ///< `where` is not below 4 GiB
  kReservedNotZero,
  kEmptyEntry,
  kUnsorted,   ///< starts below the end of the entry before it
  kNotAnRsdp,  ///< no signature, or a wrong checksum
  kCount_,
};

struct Error {
  Clause clause = Clause::kNone;
  Fault fault = Fault::kNone;
  uint64_t where = 0;  ///< guest-physical address
  uint64_t found = 0;

  [[nodiscard]] constexpr bool operator==(const Error&) const = default;
};

/// "START-1"; empty for kNone.
[[nodiscard]] const char* clause_id(Clause clause);
/// In words, for the console of a kernel that has no better.
[[nodiscard]] const char* fault_text(Fault fault);

struct Absent {};

/// A value, an error, or, for what the contract makes optional, neither.
template <class T>
class [[nodiscard]] Result {
 public:
  constexpr Result(const T& value) : value_(value), state_(State::kValue) {}
  constexpr Result(const Error& error) : error_(error), state_(State::kBroken) {}
  constexpr Result(Absent) : error_() {}

  [[nodiscard]] constexpr explicit operator bool() const { return state_ == State::kValue; }
  [[nodiscard]] constexpr bool is_absent() const { return state_ == State::kAbsent; }
  [[nodiscard]] constexpr bool is_broken() const { return state_ == State::kBroken; }

  /// Only where there is one.
  [[nodiscard]] constexpr const T& operator*() const { return value_; }
  [[nodiscard]] constexpr const T* operator->() const { return &value_; }
  /// Only where it is broken.
  [[nodiscard]] constexpr const Error& error() const { return error_; }

 private:
  enum class State : uint8_t { kAbsent, kValue, kBroken };

  union {
    T value_;
    Error error_;
  };
  State state_ = State::kAbsent;
};

}  // namespace pvh::guest
