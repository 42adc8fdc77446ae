// A plan whose start of day can be changed: the start info and its tables as values, and who lies where.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/boot/plan.hpp"
#include "pvh/consumers/vary.hpp"

namespace pvh::consumers {

class Draft {
 public:
  explicit Draft(boot::BootPlan plan);

  /// A member of the start info, by its name in the ABI; false where there is none of that name.
  [[nodiscard]] bool set(std::string_view member, std::uint64_t value);
  [[nodiscard]] std::uint64_t get(std::string_view member) const;

  [[nodiscard]] std::vector<RawEntry> map() const;
  /// A map that is longer than before gets another place; false where there is none.
  [[nodiscard]] bool set_map(const std::vector<RawEntry>& map);
  /// Fills the reserved words of start info, modules and map entries.
  void fill_reserved(std::uint32_t value);

  /// Why it cannot be put there; nothing where it was.
  [[nodiscard]] std::optional<std::string> place(const Placed& placed);

  boot::EntryState& state() { return plan_.state; }
  /// The changed plan, its regions sorted again.
  [[nodiscard]] boot::BootPlan finish() &&;

 private:
  [[nodiscard]] boot::Region* region(std::string_view name);
  [[nodiscard]] const boot::Region* region(std::string_view name) const;
  [[nodiscard]] std::vector<std::byte>& bytes_of(const boot::Region& region);
  [[nodiscard]] std::vector<std::string> names_of(What what) const;
  [[nodiscard]] std::optional<std::uint64_t> address_for(const Placed& placed, std::uint64_t size) const;
  [[nodiscard]] std::uint64_t kernel_end() const;
  /// `at`, or the end of what lies there, aligned to 8.
  [[nodiscard]] std::uint64_t behind_others(std::uint64_t at) const;
  /// Whether `range` lies in RAM and nothing of the plan lies there.
  [[nodiscard]] bool is_free(const GuestRange& range) const;
  /// The lowest free place below 640 KiB, else below 1 GiB.
  [[nodiscard]] std::optional<std::uint64_t> room_for(std::uint64_t size) const;
  void move_to(const std::string& name, std::uint64_t at);
  void point(std::string_view name, std::uint64_t at);

  boot::BootPlan plan_;
};

}  // namespace pvh::consumers
