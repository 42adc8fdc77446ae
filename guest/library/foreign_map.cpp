#include "pvh/guest/foreign_map.hpp"

#include "decode.hpp"

// Every case is spelled, also where the numbers agree today: that they do is no promise (HDR-4).
namespace pvh::guest {
namespace {

enum E820 : uint32_t {
  kE820Ram = 1,
  kE820Reserved = 2,
  kE820Acpi = 3,
  kE820Nvs = 4,
  kE820Unusable = 5,
  kE820Disabled = 6,
  kE820Pmem = 7,
  kE820OldPmem = 12,
};

enum Efi : uint32_t {
  kEfiReserved = 0,
  kEfiLoaderCode = 1,
  kEfiLoaderData = 2,
  kEfiBootServicesCode = 3,
  kEfiBootServicesData = 4,
  kEfiConventional = 7,
  kEfiUnusable = 8,
  kEfiAcpiReclaim = 9,
  kEfiAcpiNvs = 10,
  kEfiPersistent = 14,
};

enum Multiboot2 : uint32_t {
  kMultibootAvailable = 1,
  kMultibootReserved = 2,
  kMultibootAcpi = 3,
  kMultibootNvs = 4,
  kMultibootBad = 5,
};

}  // namespace

uint32_t to_e820(uint32_t type) {
  switch (type) {
    case XEN_HVM_MEMMAP_TYPE_RAM:
      return kE820Ram;
    case XEN_HVM_MEMMAP_TYPE_ACPI:
      return kE820Acpi;
    case XEN_HVM_MEMMAP_TYPE_NVS:
      return kE820Nvs;
    case XEN_HVM_MEMMAP_TYPE_UNUSABLE:
      return kE820Unusable;
    case XEN_HVM_MEMMAP_TYPE_DISABLED:
      return kE820Disabled;
    case XEN_HVM_MEMMAP_TYPE_PMEM:
      return kE820Pmem;
    default:
      return kE820Reserved;
  }
}

uint32_t from_e820(uint32_t e820_type) {
  switch (e820_type) {
    case kE820Ram:
      return XEN_HVM_MEMMAP_TYPE_RAM;
    case kE820Acpi:
      return XEN_HVM_MEMMAP_TYPE_ACPI;
    case kE820Nvs:
      return XEN_HVM_MEMMAP_TYPE_NVS;
    case kE820Unusable:
      return XEN_HVM_MEMMAP_TYPE_UNUSABLE;
    case kE820Disabled:
      return XEN_HVM_MEMMAP_TYPE_DISABLED;
    case kE820Pmem:
    case kE820OldPmem:
      return XEN_HVM_MEMMAP_TYPE_PMEM;
    default:
      return XEN_HVM_MEMMAP_TYPE_RESERVED;
  }
}

uint32_t to_efi(uint32_t type) {
  switch (type) {
    case XEN_HVM_MEMMAP_TYPE_RAM:
      return kEfiConventional;
    case XEN_HVM_MEMMAP_TYPE_ACPI:
      return kEfiAcpiReclaim;
    case XEN_HVM_MEMMAP_TYPE_NVS:
      return kEfiAcpiNvs;
    case XEN_HVM_MEMMAP_TYPE_UNUSABLE:
    case XEN_HVM_MEMMAP_TYPE_DISABLED:
      return kEfiUnusable;
    case XEN_HVM_MEMMAP_TYPE_PMEM:
      return kEfiPersistent;
    default:
      return kEfiReserved;
  }
}

uint32_t from_efi(uint32_t efi_type) {
  switch (efi_type) {
    case kEfiLoaderCode:
    case kEfiLoaderData:
    case kEfiBootServicesCode:
    case kEfiBootServicesData:
    case kEfiConventional:
      return XEN_HVM_MEMMAP_TYPE_RAM;
    case kEfiUnusable:
      return XEN_HVM_MEMMAP_TYPE_UNUSABLE;
    case kEfiAcpiReclaim:
      return XEN_HVM_MEMMAP_TYPE_ACPI;
    case kEfiAcpiNvs:
      return XEN_HVM_MEMMAP_TYPE_NVS;
    case kEfiPersistent:
      return XEN_HVM_MEMMAP_TYPE_PMEM;
    default:
      return XEN_HVM_MEMMAP_TYPE_RESERVED;
  }
}

uint32_t to_multiboot2(uint32_t type) {
  switch (type) {
    case XEN_HVM_MEMMAP_TYPE_RAM:
      return kMultibootAvailable;
    case XEN_HVM_MEMMAP_TYPE_ACPI:
      return kMultibootAcpi;
    case XEN_HVM_MEMMAP_TYPE_NVS:
      return kMultibootNvs;
    case XEN_HVM_MEMMAP_TYPE_UNUSABLE:
      return kMultibootBad;
    default:
      return kMultibootReserved;
  }
}

uint32_t from_multiboot2(uint32_t multiboot_type) {
  switch (multiboot_type) {
    case kMultibootAvailable:
      return XEN_HVM_MEMMAP_TYPE_RAM;
    case kMultibootAcpi:
      return XEN_HVM_MEMMAP_TYPE_ACPI;
    case kMultibootNvs:
      return XEN_HVM_MEMMAP_TYPE_NVS;
    case kMultibootBad:
      return XEN_HVM_MEMMAP_TYPE_UNUSABLE;
    default:
      return XEN_HVM_MEMMAP_TYPE_RESERVED;
  }
}

void write_e820(const MapRange& range, unsigned char (&out)[kE820EntrySize]) {
  store64(out, range.first);
  store64(out + 8, size_of(range));
  store32(out + 16, to_e820(range.type));
}

MapEntry read_e820(const unsigned char (&in)[kE820EntrySize]) {
  return {load64(in), load64(in + 8), from_e820(load32(in + 16)), 0};
}

void write_multiboot2(const MapRange& range, unsigned char (&out)[kMultiboot2EntrySize]) {
  store64(out, range.first);
  store64(out + 8, size_of(range));
  store32(out + 16, to_multiboot2(range.type));
  store32(out + 20, 0);
}

MapEntry read_multiboot2(const unsigned char (&in)[kMultiboot2EntrySize]) {
  return {load64(in), load64(in + 8), from_multiboot2(load32(in + 16)), 0};
}

}  // namespace pvh::guest
