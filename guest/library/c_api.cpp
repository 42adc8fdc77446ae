// The C interface: the C++ one under plain names.
#include "pvh/guest.h"
#include "pvh/guest/command_line.hpp"
#include "pvh/guest/foreign_map.hpp"
#include "pvh/guest/memory_map.hpp"
#include "pvh/guest/start_info.hpp"

using namespace pvh::guest;

namespace {

pvh_error c_error(const Error& error) {
  return {clause_id(error.clause), fault_text(error.fault), error.where, error.found};
}

template <class T>
int no_answer(const Result<T>& result, pvh_error* error) {
  if (result.is_absent()) return PVH_ABSENT;
  if (error != nullptr) *error = c_error(result.error());
  return PVH_BROKEN;
}

template <class T, class Out>
int answer(const Result<T>& result, Out* out, pvh_error* error) {
  if (!result) return no_answer(result, error);
  if constexpr (requires { result->parsed(); })
    *out = result->parsed();
  else
    *out = *result;
  return PVH_OK;
}

int argument_answer(const Result<Argument>& argument, pvh_argument* out) {
  if (!argument) return 0;
  *out = {argument->key.data, argument->key.size, argument->has_value ? argument->value.data : nullptr,
          argument->value.size};
  return 1;
}

template <class CVisit>
struct Visitor {
  CVisit visit;
  void* context;
};

}  // namespace

int pvh_start_parse(pvh_start* start, const pvh_memory* memory, uint64_t paddr, pvh_error* error) {
  return answer(StartInfo::parse(*memory, paddr), start, error);
}

int pvh_start_command_line(const pvh_start* start, uint64_t limit, pvh_string* out, pvh_error* error) {
  return answer(StartInfo::from(*start).command_line(limit), out, error);
}

int pvh_start_rsdp(const pvh_start* start, uint64_t* paddr) {
  return answer(StartInfo::from(*start).rsdp(), paddr, nullptr);
}

int pvh_start_module(const pvh_start* start, uint32_t index, pvh_module* out, pvh_error* error) {
  return answer(StartInfo::from(*start).module(index), out, error);
}

int pvh_start_module_command_line(const pvh_start* start, const pvh_module* module, uint64_t limit,
                                  pvh_string* out, pvh_error* error) {
  return answer(StartInfo::from(*start).command_line_of(*module, limit), out, error);
}

int pvh_string_copy(const pvh_memory* memory, const pvh_string* string, char* out, size_t capacity,
                    pvh_error* error) {
  uint64_t size = 0;
  return answer(copy_string(*memory, *string, out, capacity), &size, error);
}

int pvh_start_reserve(const pvh_start* start, void (*visit)(void*, const pvh_reservation*), void* context,
                      pvh_error* error) {
  Visitor visitor{visit, context};
  const Error first = StartInfo::from(*start).reserve(
      [](void* self, const Reservation& reservation) {
        const auto* const to = static_cast<decltype(visitor)*>(self);
        to->visit(to->context, &reservation);
      },
      &visitor);
  if (first.fault == Fault::kNone) return PVH_OK;
  if (error != nullptr) *error = c_error(first);
  return PVH_BROKEN;
}

int pvh_start_check(const pvh_start* start, void (*visit)(void*, const pvh_error*), void* context) {
  Visitor visitor{visit, context};
  const bool good = StartInfo::from(*start).check(
      [](void* self, const Error& error) {
        const auto* const to = static_cast<decltype(visitor)*>(self);
        const pvh_error shown = c_error(error);
        to->visit(to->context, &shown);
      },
      &visitor);
  return good ? PVH_OK : PVH_BROKEN;
}

int pvh_map_read(const pvh_start* start, uint32_t index, pvh_map_entry* out, pvh_error* error) {
  const auto map = StartInfo::from(*start).memory_map();
  return map ? answer(map->entry(index), out, error) : no_answer(map, error);
}

int pvh_map_collect(const pvh_start* start, pvh_map_range* storage, size_t capacity, size_t* count,
                    pvh_error* error) {
  const auto map = StartInfo::from(*start).memory_map();
  return map ? answer(map->collect(storage, capacity), count, error) : no_answer(map, error);
}

int pvh_map_normalise(pvh_map_range* storage, size_t capacity, size_t* count, pvh_error* error) {
  return answer(normalise(storage, capacity, *count), count, error);
}

int pvh_map_from(const pvh_start* start, uint64_t address, pvh_map_range* out, pvh_error* error) {
  const auto map = StartInfo::from(*start).memory_map();
  return map ? answer(map->from(address), out, error) : no_answer(map, error);
}

int pvh_map_after(const pvh_start* start, const pvh_map_range* previous, pvh_map_range* out,
                  pvh_error* error) {
  const auto map = StartInfo::from(*start).memory_map();
  return map ? answer(map->after(*previous), out, error) : no_answer(map, error);
}

uint32_t pvh_type_to_e820(uint32_t type) {
  return to_e820(type);
}
uint32_t pvh_type_from_e820(uint32_t e820_type) {
  return from_e820(e820_type);
}
uint32_t pvh_type_to_efi(uint32_t type) {
  return to_efi(type);
}
uint32_t pvh_type_from_efi(uint32_t efi_type) {
  return from_efi(efi_type);
}
uint32_t pvh_type_to_multiboot2(uint32_t type) {
  return to_multiboot2(type);
}
uint32_t pvh_type_from_multiboot2(uint32_t multiboot_type) {
  return from_multiboot2(multiboot_type);
}

int pvh_next_argument(const char* text, size_t size, size_t* position, pvh_argument* out) {
  return argument_answer(CommandLine(Text(text, size)).next(*position), out);
}

int pvh_find_argument(const char* text, size_t size, const char* key, size_t key_size, pvh_argument* out) {
  return argument_answer(CommandLine(Text(text, size)).find(Text(key, key_size)), out);
}
