/* The boot ROM: from the reset vector to the kernel's entry in the state that the contract wants (CPU-1 to CPU-5).
 *
 * These are the ROM's last ROM_TAIL bytes; the rest is empty. The values come from boot::EntryState: rom.cpp
 * writes them into the places that have a global label, and nowhere else is one of them typed.
 */
#define ROM_TAIL 0x200
#define ROM_TOP 0x10000                          /* the ROM's size; it ends at 4 GiB */
#define OFFSET(label) ((label) - pvh_rom_tail + ROM_TOP - ROM_TAIL) /* in the ROM, and from cs's base at reset */
#define ADDRESS(label) (0xffff0000 + OFFSET(label))

        .section .rodata.pvh_rom, "a", @progbits
        .balign 16
        .globl pvh_rom_tail, pvh_rom_tail_end
        .globl pvh_rom_gdt, pvh_rom_cr0, pvh_rom_cr4, pvh_rom_eflags, pvh_rom_ebx, pvh_rom_open
        .globl pvh_rom_code_selector, pvh_rom_data_selector, pvh_rom_tr_selector, pvh_rom_entry, pvh_rom_entry_selector

pvh_rom_tail:
pvh_rom_gdt:            .quad 0, 0, 0, 0, 0, 0, 0, 0
gdt_end:
pvh_rom_cr0:            .long 0
pvh_rom_cr4:            .long 0
pvh_rom_eflags:         .long 0
pvh_rom_ebx:            .long 0
pvh_rom_open:           .long 0, 0, 0, 0, 0, 0, 0     /* boot::OpenRegisters, in its order */
pvh_rom_data_selector:  .word 0
pvh_rom_tr_selector:    .word 0
far_start32:            .long ADDRESS(start32)
pvh_rom_code_selector:  .word 0
pvh_rom_entry:          .long 0
pvh_rom_entry_selector: .word 0
gdt_register:           .word gdt_end - pvh_rom_gdt - 1
                        .long ADDRESS(pvh_rom_gdt)

        .code16
start16:
        cli
        lgdtl   %cs:OFFSET(gdt_register)
        movl    %cs:OFFSET(pvh_rom_cr4), %eax
        movl    %eax, %cr4
        movl    %cs:OFFSET(pvh_rom_cr0), %eax
        movl    %eax, %cr0
        ljmpl   *%cs:OFFSET(far_start32)

        .code32
start32:
        movw    %cs:ADDRESS(pvh_rom_data_selector), %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        /* Of an available TSS this makes a busy one, as CPU-4 wants; that the ROM does not keep the mark is no harm. */
        ltr     ADDRESS(pvh_rom_tr_selector)
        /* The only "stack" is the ROM itself, read once. */
        movl    $ADDRESS(pvh_rom_eflags), %esp
        popfl
        /* What is open to us (CPU-6). mov leaves the flags alone. */
        movl    ADDRESS(pvh_rom_open), %eax
        movl    ADDRESS(pvh_rom_open + 4), %ecx
        movl    ADDRESS(pvh_rom_open + 8), %edx
        movl    ADDRESS(pvh_rom_open + 12), %esp
        movl    ADDRESS(pvh_rom_open + 16), %ebp
        movl    ADDRESS(pvh_rom_open + 20), %esi
        movl    ADDRESS(pvh_rom_open + 24), %edi
        movl    ADDRESS(pvh_rom_ebx), %ebx
        ljmpl   *ADDRESS(pvh_rom_entry)

        .org    pvh_rom_tail + ROM_TAIL - 16, 0xf4
        .code16
reset_vector:
        jmp     start16
        .org    pvh_rom_tail + ROM_TAIL, 0xf4
pvh_rom_tail_end:

        .section .note.GNU-stack, "", @progbits
