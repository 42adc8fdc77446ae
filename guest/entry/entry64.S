/* SPDX-License-Identifier: MIT */
/*
 * The 64-bit entry: from the contract's 32-bit state (CPU-1 to CPU-6) to pvh_main in long mode, the first 4 GiB mapped to
 * themselves, SSE on. The same care as in entry32.S: no stack, and no segment register, before there are our own.
 */
#include "pvh/guest/note.h"

#define CODE32_SELECTOR 0x08
#define DATA_SELECTOR 0x10
#define CODE64_SELECTOR 0x18

#define PRESENT_WRITABLE 0x003
#define LARGE_PAGE 0x083
#define GIB_MAPPED 4

#define CR0_PE (1 << 0)
#define CR0_MP (1 << 1)
#define CR0_EM (1 << 2)
#define CR0_NE (1 << 5)
#define CR0_WP (1 << 16)
#define CR0_PG (1 << 31)
#define CR4_PAE (1 << 5)
#define CR4_OSFXSR (1 << 9)
#define CR4_OSXMMEXCPT (1 << 10)
#define MSR_EFER 0xc0000080
#define EFER_LME (1 << 8)

	PVH_ENTRY_NOTE pvh_entry64

	.section .text.pvh_entry, "ax", @progbits
	.code32
	.globl	pvh_entry64
	.type	pvh_entry64, @function
pvh_entry64:
	cli
	cld
	movl	$pvh_stack_end, %esp

	/* Page directories, one for each GiB, all 2 MiB pages. bss is zero (NOTE-7). */
	movl	$directories, %edi
	movl	$LARGE_PAGE, %eax
	movl	$(GIB_MAPPED * 512), %ecx
1:	movl	%eax, (%edi)
	movl	$0, 4(%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	decl	%ecx
	jnz	1b

	movl	$pvh_directory_pointers, %edi
	movl	$(directories + PRESENT_WRITABLE), %eax
	movl	$GIB_MAPPED, %ecx
2:	movl	%eax, (%edi)
	addl	$0x1000, %eax
	addl	$8, %edi
	decl	%ecx
	jnz	2b

	movl	$(pvh_directory_pointers + PRESENT_WRITABLE), pvh_page_map
	movl	$pvh_page_map, %eax
	movl	%eax, %cr3

	movl	%cr4, %eax
	orl	$(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
	movl	%eax, %cr4
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	$(CR0_PG | CR0_WP | CR0_NE | CR0_MP | CR0_PE), %eax
	movl	%eax, %cr0

	lgdt	table_pointer
	ljmp	$CODE64_SELECTOR, $3f

	.code64
3:	movl	$DATA_SELECTOR, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$pvh_stack_end, %esp
	pushq	$0
	popfq
	xorl	%ebp, %ebp
	fninit

	/* The calls below keep rbx. */
	movl	$pvh_init_array_start, %r12d
4:	cmpl	$pvh_init_array_end, %r12d
	jae	5f
	call	*(%r12)
	addl	$8, %r12d
	jmp	4b

5:	movl	%ebx, %edi
	call	pvh_main
	call	pvh_halt
	.size	pvh_entry64, . - pvh_entry64

	.section .rodata.pvh_entry, "a", @progbits
	.balign	8
table:
	.quad	0
	.quad	0x00cf9b000000ffff	/* 32-bit code */
	.quad	0x00cf93000000ffff	/* data */
	.quad	0x00af9b000000ffff	/* 64-bit code */
table_end:
table_pointer:
	.word	table_end - table - 1
	.long	table
	/* Compilers call the functions of memory.c without being asked, also from archives that the linker reads after this one. */
	.reloc	., BFD_RELOC_NONE, memcpy

	.section .bss.pvh_pages, "aw", @nobits
	.balign	4096
	.globl	pvh_page_map, pvh_directory_pointers
pvh_page_map:
	.skip	4096
pvh_directory_pointers:
	.skip	4096
directories:
	.skip	4096 * GIB_MAPPED

	.section .bss.pvh_stack, "aw", @nobits
	.balign	16
	.skip	65536
pvh_stack_end:

	.section .note.GNU-stack, "", @progbits
