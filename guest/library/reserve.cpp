// What to keep out of free memory (CONS-4). A file of its own: a kernel that does not ask for it does not
// link it.
#include "decode.hpp"
#include "pvh/guest/start_info.hpp"

namespace pvh::guest {
namespace {

/// Tells the caller what there is and remembers the first thing that could not be told.
struct Keeper {
  StartInfo::VisitReservation visit;
  void* context;
  Error first_error = {};

  void error(const Error& error) {
    if (first_error.fault == Fault::kNone) first_error = error;
  }

  void range(pvh_kept what, uint32_t module, uint64_t paddr, uint64_t size) {
    if (size == 0) return;
    if (wraps(paddr, size)) return error({Clause::kCons2, Fault::kWraps, paddr, size});
    visit(context, {paddr, paddr + (size - 1), static_cast<uint32_t>(what), module});
  }

  void string(pvh_kept what, uint32_t module, const Result<String>& string) {
    if (string) return range(what, module, string->paddr, string->size + 1);
    if (string.is_broken()) error(string.error());
  }
};

}  // namespace

Error StartInfo::reserve(VisitReservation visit, void* context) const {
  // ACPI 2.0's root, of which the first version's is a part.
  constexpr uint64_t kRsdpSize = 36;
  Keeper keep{visit, context};
  keep.range(PVH_KEPT_START_INFO, 0, start_.paddr,
             start_.version == 0 ? kVersion0Size : sizeof(hvm_start_info));
  keep.string(PVH_KEPT_COMMAND_LINE, 0, command_line());
  if (start_.rsdp_paddr != 0) keep.range(PVH_KEPT_RSDP, 0, start_.rsdp_paddr, kRsdpSize);
  keep.range(PVH_KEPT_MEMORY_MAP, 0, start_.memmap_paddr,
             uint64_t{start_.memmap_entries} * sizeof(hvm_memmap_table_entry));
  keep.range(PVH_KEPT_MODULE_LIST, 0, start_.modlist_paddr,
             uint64_t{start_.nr_modules} * sizeof(hvm_modlist_entry));
  for (uint32_t i = 0; i < start_.nr_modules; ++i) {
    const auto module = this->module(i);
    if (!module) {
      keep.error(module.error());
      if (ends_the_list(module.error())) break;
      continue;
    }
    keep.range(PVH_KEPT_MODULE, i, module->paddr, module->size);
    keep.string(PVH_KEPT_MODULE_COMMAND_LINE, i, command_line_of(*module));
  }
  return keep.first_error;
}

}  // namespace pvh::guest
