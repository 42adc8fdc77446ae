/* The probes, as they were built, in this program's data. */
        .section .rodata.pvh_guests, "a", @progbits
        .globl pvh_probe64, pvh_probe64_end, pvh_probe32, pvh_probe32_end
        .balign 16
pvh_probe64:
        .incbin PROBE64
pvh_probe64_end:
        .balign 16
pvh_probe32:
        .incbin PROBE32
pvh_probe32_end:
        .section .note.GNU-stack, "", @progbits
