/* The program linux_init, as it was built, in this program's data. */
        .section .rodata.pvh_linux_init, "a", @progbits
        .globl pvh_linux_init, pvh_linux_init_end
        .balign 16
pvh_linux_init:
        .incbin LINUX_INIT
pvh_linux_init_end:
        .section .note.GNU-stack, "", @progbits
