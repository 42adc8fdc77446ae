/* SPDX-License-Identifier: MIT */
/*
 * The 32-bit entry: from the contract's state (CPU-1 to CPU-6) to pvh_main on a stack, under descriptors of our own.
 * Until our own table is loaded no segment register is touched: Xen's selectors are null, with nothing behind them but
 * what the CPU has cached (CPU-3). eax is nobody's promise, so it is not looked at (CPU-6).
 */
#include "pvh/guest/note.h"

#define CODE_SELECTOR 0x08
#define DATA_SELECTOR 0x10

	PVH_ENTRY_NOTE pvh_entry32

	.section .text.pvh_entry, "ax", @progbits
	.code32
	.globl	pvh_entry32
	.type	pvh_entry32, @function
pvh_entry32:
	cli
	cld
	movl	$pvh_stack_end, %esp
	lgdt	table_pointer
	ljmp	$CODE_SELECTOR, $1f
1:	movl	$DATA_SELECTOR, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	pushl	$0
	popfl
	xorl	%ebp, %ebp

	movl	$pvh_init_array_start, %esi
2:	cmpl	$pvh_init_array_end, %esi
	jae	3f
	call	*(%esi)
	addl	$4, %esi
	jmp	2b

	/* The ABI wants esp a multiple of 16 where the arguments begin. */
3:	subl	$12, %esp
	pushl	%ebx
	call	pvh_main
	call	pvh_halt
	.size	pvh_entry32, . - pvh_entry32

	.section .rodata.pvh_entry, "a", @progbits
	.balign	8
table:
	.quad	0
	.quad	0x00cf9b000000ffff	/* code: base 0, 4 GiB, 32-bit, accessed */
	.quad	0x00cf93000000ffff	/* data */
table_end:
table_pointer:
	.word	table_end - table - 1
	.long	table
	/* Compilers call the functions of memory.c without being asked, also from archives that the linker reads after this one. */
	.reloc	., BFD_RELOC_NONE, memcpy

	.section .bss.pvh_stack, "aw", @nobits
	.balign	16
	.skip	65536
pvh_stack_end:

	.section .note.GNU-stack, "", @progbits
