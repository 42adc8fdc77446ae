/* The smallest guest that shows that it runs: writes one byte to the serial line, powers off by the board's sleep control register, and
   halts where there is none. For measuring how soon a monitor gets to a guest's first port write. */
#include <pvh/elfnote.h>

#define COM1 0x3f8
#define SLEEP_CONTROL 0xfea00200
#define POWER_OFF 0x34 /* sleep enable, type 5 */

  .section .note.Xen, "a", @note
  .balign 4
  .long 4, 4, XEN_ELFNOTE_PHYS32_ENTRY
  .asciz "Xen"
  .long start

  .text
  .code32
  .global start
start:
  movw $COM1, %dx
  movb $'!', %al
  outb %al, %dx
  movb $POWER_OFF, SLEEP_CONTROL
halt:
  cli
  hlt
  jmp halt

  .section .note.GNU-stack, "", @progbits
