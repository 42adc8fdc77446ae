#include "x86/cpuid_table.hpp"

#include <sys/stat.h>
#include <sys/utsname.h>

#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include "pvh/base/boot_id.hpp"

namespace pvh::kvm {

namespace {

constexpr std::string_view kKey = "kvm-cpuid";
constexpr std::string_view kFormat = "pvh cpuid 1\n";

/// KVM itself has no more entries than this.
constexpr std::size_t kMostEntries = 256;

using Entry = kvm_cpuid_entry2;
static_assert(std::is_trivially_copyable_v<Entry> && sizeof(Entry) == 40);

/// The number of a file or directory, 0 where there is none. A module's directory has another number each
/// time that it is loaded, and so has a device that came with it.
std::string number_of(const char* path) {
  struct stat status{};
  return std::to_string(::stat(path, &status) == 0 ? status.st_ino : 0) + "\n";
}

/// What the table depends on, for all that can be seen of it: this boot, and each module of KVM as it was
/// loaded, since its parameters decide what it supports. Empty where a boot cannot be told from another.
std::string host_name() {
  std::string name = boot_id();
  if (name.empty()) return name;
  for (const char* path : {kDevice, "/sys/module/kvm", "/sys/module/kvm_intel", "/sys/module/kvm_amd"})
    name += number_of(path);
  return name;
}

}  // namespace

std::vector<std::byte> pack_table(std::string_view host, const CpuidTable& table) {
  const Bytes entries = std::as_bytes(std::span(table));
  std::vector<std::byte> packed;
  packed.reserve(kFormat.size() + host.size() + 1 + entries.size());
  for (const std::string_view text : {kFormat, host, std::string_view("\n")})
    packed.insert(packed.end(), as_bytes(text).begin(), as_bytes(text).end());
  packed.insert(packed.end(), entries.begin(), entries.end());
  return packed;
}

std::optional<CpuidTable> unpack_table(std::string_view host, Bytes packed) {
  const std::string head = std::string(kFormat).append(host).append("\n");
  if (!as_text(packed).starts_with(head)) return std::nullopt;
  const Bytes entries = packed.subspan(head.size());
  const std::size_t count = entries.size() / sizeof(Entry);
  if (count == 0 || count > kMostEntries || entries.size() % sizeof(Entry) != 0) return std::nullopt;
  CpuidTable table(count);
  std::memcpy(table.data(), entries.data(), entries.size());
  return table;
}

KeptCpuid find_cpuid(KeptValues* kept) {
  KeptCpuid found;
  if (kept == nullptr) return found;
  found.host = host_name();
  if (found.host.empty()) return found;
  if (const auto packed = kept->find(kKey)) found.table = unpack_table(found.host, *packed);
  return found;
}

Result<CpuidTable> supported_cpuid(const System& system, KeptCpuid found, KeptValues* kept) {
  if (found.table) return std::move(*found.table);
  auto table = system.supported_cpuid();
  if (table && !found.host.empty()) kept->keep(kKey, pack_table(found.host, *table));
  return table;
}

}  // namespace pvh::kvm
