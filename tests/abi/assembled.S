/* The constants reach an assembler that runs the preprocessor; the structures stay out of its way. */
#include <pvh/elfnote.h>
#include <pvh/start_info.h>

        .section .note.Xen, "a", %note
        .long   XEN_ELFNOTE_OWNER_SIZE, 4, XEN_ELFNOTE_PHYS32_ENTRY
        .asciz  XEN_ELFNOTE_OWNER
        .long   0x100000
        .data
        .long   XEN_HVM_START_MAGIC_VALUE, XEN_HVM_MEMMAP_TYPE_PMEM, SIF_PM_MASK
        .section .note.GNU-stack, "", %progbits
