/*
 * Sizes, offsets and constants as the compiler sees them, as data in the object file: abi_test.sh reads it
 * back without running anything, so it works for every target (HDR-2). Valid C89 and C++98.
 */
#include <pvh/elfnote.h>
#include <pvh/start_info.h>

/* A byte each, or four, most significant first. Offsets stand alone: pcc folds no arithmetic on them. */
#define SMALL(value) (value)
#define LARGE(value) (value) >> 24 & 255, (value) >> 16 & 255, (value) >> 8 & 255, (value) & 255
#define INFO(member) SMALL(offsetof(struct hvm_start_info, member))
#define MODULE(member) SMALL(offsetof(struct hvm_modlist_entry, member))
#define MAP(member) SMALL(offsetof(struct hvm_memmap_table_entry, member))

#ifdef __cplusplus
extern "C" {
#endif
extern const unsigned char pvh_layout[];
#ifdef __cplusplus
}
#endif

/* clang-format off */
const unsigned char pvh_layout[] = {
    'P', 'V', 'H', '-', 'L', 'A', 'Y', 'O', 'U', 'T',
    SMALL(sizeof(struct hvm_start_info)), INFO(magic), INFO(version), INFO(flags), INFO(nr_modules),
    INFO(modlist_paddr), INFO(cmdline_paddr), INFO(rsdp_paddr), INFO(memmap_paddr), INFO(memmap_entries),
    INFO(reserved),
    SMALL(sizeof(struct hvm_modlist_entry)), MODULE(paddr), MODULE(size), MODULE(cmdline_paddr),
    MODULE(reserved),
    SMALL(sizeof(struct hvm_memmap_table_entry)), MAP(addr), MAP(size), MAP(type), MAP(reserved),
    LARGE(XEN_HVM_START_MAGIC_VALUE),
    SMALL(XEN_HVM_MEMMAP_TYPE_RAM), SMALL(XEN_HVM_MEMMAP_TYPE_RESERVED), SMALL(XEN_HVM_MEMMAP_TYPE_ACPI),
    SMALL(XEN_HVM_MEMMAP_TYPE_NVS), SMALL(XEN_HVM_MEMMAP_TYPE_UNUSABLE),
    SMALL(XEN_HVM_MEMMAP_TYPE_DISABLED), SMALL(XEN_HVM_MEMMAP_TYPE_PMEM),
    LARGE(SIF_PRIVILEGED), LARGE(SIF_INITDOMAIN), LARGE(SIF_MULTIBOOT_MOD), LARGE(SIF_MOD_START_PFN),
    LARGE(SIF_VIRT_P2M_4TOOLS), LARGE(SIF_PM_MASK),
    SMALL(XEN_ELFNOTE_INFO), SMALL(XEN_ELFNOTE_ENTRY), SMALL(XEN_ELFNOTE_HYPERCALL_PAGE),
    SMALL(XEN_ELFNOTE_VIRT_BASE), SMALL(XEN_ELFNOTE_PADDR_OFFSET), SMALL(XEN_ELFNOTE_XEN_VERSION),
    SMALL(XEN_ELFNOTE_GUEST_OS), SMALL(XEN_ELFNOTE_GUEST_VERSION), SMALL(XEN_ELFNOTE_LOADER),
    SMALL(XEN_ELFNOTE_PAE_MODE), SMALL(XEN_ELFNOTE_FEATURES), SMALL(XEN_ELFNOTE_BSD_SYMTAB),
    SMALL(XEN_ELFNOTE_HV_START_LOW), SMALL(XEN_ELFNOTE_L1_MFN_VALID), SMALL(XEN_ELFNOTE_SUSPEND_CANCEL),
    SMALL(XEN_ELFNOTE_INIT_P2M), SMALL(XEN_ELFNOTE_MOD_START_PFN), SMALL(XEN_ELFNOTE_SUPPORTED_FEATURES),
    SMALL(XEN_ELFNOTE_PHYS32_ENTRY), SMALL(XEN_ELFNOTE_PHYS32_RELOC), SMALL(XEN_ELFNOTE_MAX),
    LARGE(XEN_ELFNOTE_CRASH_INFO), LARGE(XEN_ELFNOTE_CRASH_REGS), LARGE(XEN_ELFNOTE_DUMPCORE_NONE),
    LARGE(XEN_ELFNOTE_DUMPCORE_HEADER), LARGE(XEN_ELFNOTE_DUMPCORE_XEN_VERSION),
    LARGE(XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION)};
/* clang-format on */
