// What this host's KVM supports of CPUID, kept from one run to the next: to ask KVM takes it as long as most
// of the rest of a start, because each leaf is another trapped instruction where this host is a guest itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/base/bytes.hpp"
#include "pvh/base/error.hpp"
#include "pvh/kvm/kvm.hpp"
#include "system.hpp"

namespace pvh::kvm {

using CpuidTable = std::vector<kvm_cpuid_entry2>;

/// What an earlier run has left.
struct KeptCpuid {
  std::string host;  ///< this boot of this host with these modules of KVM; empty: nothing can be kept
  std::optional<CpuidTable> table;
};
[[nodiscard]] KeptCpuid find_cpuid(KeptValues* kept);

/// What was `found`, else from KVM, and kept.
[[nodiscard]] Result<CpuidTable> supported_cpuid(const System& system, KeptCpuid found, KeptValues* kept);

/// The table as it is kept, and back: nothing where it was kept elsewhere than at `host`, or is damaged.
[[nodiscard]] std::vector<std::byte> pack_table(std::string_view host, const CpuidTable& table);
[[nodiscard]] std::optional<CpuidTable> unpack_table(std::string_view host, Bytes packed);

}  // namespace pvh::kvm
