/* The probes as they were built, and the script that boots Xen, in this program's data. */
        .section .rodata.pvh_embedded, "a", @progbits
        .globl pvh_probe64, pvh_probe64_end, pvh_probe32, pvh_probe32_end
        .globl pvh_xen_lab, pvh_xen_lab_end
        .balign 16
pvh_probe64:
        .incbin PROBE64
pvh_probe64_end:
        .balign 16
pvh_probe32:
        .incbin PROBE32
pvh_probe32_end:
pvh_xen_lab:
        .incbin XEN_LAB
pvh_xen_lab_end:
        .section .note.GNU-stack, "", @progbits
