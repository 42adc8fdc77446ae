/* SPDX-License-Identifier: MIT */
/* An entry that goes on with the producer's segments, which is fine, and breaks what PLANTED_ENTRY says:
 * 1: loads a segment register again (CPU-3); 2: wants eax to be 0 (CPU-6); 3: says that it can be moved, and cannot (NOTE-6).
 */
#include "pvh/guest/note.h"

	PVH_ENTRY_NOTE planted_entry
#if PLANTED_ENTRY == 3
	PVH_RELOCATION_NOTE 0x1000, 0x100000, 0xffffffff
#endif

	.section .text.pvh_entry, "ax", @progbits
	.code32
	.globl	planted_entry
planted_entry:
	cli
	cld
#if PLANTED_ENTRY == 1
	movl	$0x10, %ecx
	movl	%ecx, %ds
#elif PLANTED_ENTRY == 2
	testl	%eax, %eax
	jnz	stop
#endif
	movl	$stack_end, %esp
	pushl	$0
	popfl
	movl	$pvh_main, %eax
	subl	$12, %esp
	pushl	%ebx
	call	*%eax
stop:	hlt
	jmp	stop
	.reloc	., BFD_RELOC_NONE, memcpy

	.section .bss.pvh_stack, "aw", @nobits
	.balign	16
	.skip	65536
stack_end:
	.section .note.GNU-stack, "", @progbits
