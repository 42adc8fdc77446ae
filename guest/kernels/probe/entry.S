/* SPDX-License-Identifier: MIT */
/*
 * The probe's first instructions: save the CPU as the producer left it, wherever this image was put, believing nothing.
 *
 * There is no stack (CPU-6), ebx may point anywhere, and the image may have been moved (NOTE-6); yet its own address is to be
 * found without losing a register. Two debug registers hold eax and esp meanwhile. A word of conventional memory is borrowed
 * for one call, and put back. Where there is no such memory, the image is searched for by its signature.
 *
 * Of eflags, the arithmetic flags are lost; dr0 and dr1 too. Everything else is saved as found.
 */
#include "pvh/guest/note.h"
#include "state.h"

#define BORROWED 0x500
#define SIGNATURE_LOW 0x70687650
#define SIGNATURE_HIGH 0x65626f72
#define SEARCH_FROM 0x100000
#define SEARCH_STEP 0x1000

#define CODE32_SELECTOR 0x08
#define DATA_SELECTOR 0x10
#define CODE64_SELECTOR 0x18

#define MSR_APIC_BASE 0x1b
#define MSR_EFER 0xc0000080

/* Offset of a symbol in the image, whose first byte is probe_image. */
#define IN(symbol) (symbol - probe_image)

#if PROBE_NOTE_SIZE == 8
	PVH_ENTRY_NOTE8 probe_entry_physical
#else
	PVH_ENTRY_NOTE probe_entry_physical
#endif
#if PROBE_RELOCATABLE
	PVH_RELOCATION_NOTE 0x1000, 0x100000, 0xffffffff
#endif

	.section .head, "ax", @progbits
	.code32
	.globl	probe_image, probe_entry
	/*
	 * Three doors. Whoever comes in by the first or the second is a producer that starts at the file's e_entry (NOTE-5), or
	 * at the address in another owner's note (NOTE-1): it is let in, and told which door it took.
	 */
probe_image:
	.globl	probe_wrong_entry
probe_wrong_entry:
	jmp	by_wrong_entry
	.org	PROBE_FOREIGN_ENTRY
	jmp	by_foreign_entry
	.balign	8
signature:
	.long	SIGNATURE_LOW, SIGNATURE_HIGH

	/* Finds the image's address, for esp, and notes the door. */
	.macro COME_IN door
	movl	%eax, %dr0
	movl	%esp, %dr1
	movl	BORROWED, %eax
	movl	$(BORROWED + 4), %esp
	call	1f
1:	popl	%esp
	movl	%eax, BORROWED
	leal	-IN(1b)(%esp), %esp
	cmpl	$SIGNATURE_LOW, IN(signature)(%esp)
	jne	2f
	cmpl	$SIGNATURE_HIGH, IN(signature) + 4(%esp)
	je	4f
2:	movl	$(SEARCH_FROM - SEARCH_STEP), %esp
3:	leal	SEARCH_STEP(%esp), %esp
	cmpl	$SIGNATURE_LOW, IN(signature)(%esp)
	jne	3b
	cmpl	$SIGNATURE_HIGH, IN(signature) + 4(%esp)
	jne	3b
4:	movl	$IN(\door), IN(probe_state) + STATE_ENTRY(%esp)
	.endm

by_wrong_entry:
	COME_IN	probe_wrong_entry
	jmp	found
by_foreign_entry:
	COME_IN	probe_image + PROBE_FOREIGN_ENTRY
	jmp	found
probe_entry:
	COME_IN	probe_entry

	/* esp is the image's address. */
found:	movl	%ebx, IN(probe_state) + STATE_EBX(%esp)
	movl	%ecx, IN(probe_state) + STATE_ECX(%esp)
	movl	%edx, IN(probe_state) + STATE_EDX(%esp)
	movl	%esi, IN(probe_state) + STATE_ESI(%esp)
	movl	%edi, IN(probe_state) + STATE_EDI(%esp)
	movl	%ebp, IN(probe_state) + STATE_EBP(%esp)
	movl	%dr0, %eax
	movl	%eax, IN(probe_state) + STATE_EAX(%esp)
	movl	%dr1, %eax
	movl	%eax, IN(probe_state) + STATE_ESP(%esp)
	movl	%esp, %ebp
	leal	IN(stack_end)(%ebp), %esp
	leal	IN(probe_state)(%ebp), %edi
	movl	%ebp, STATE_IMAGE(%edi)
	pushfl
	popl	STATE_EFLAGS(%edi)
	cli
	cld

	.macro SAVE_REGISTER register, offset
	movl	%\register, %eax
	movl	%eax, \offset(%edi)
	.endm
	SAVE_REGISTER cr0, STATE_CR0
	SAVE_REGISTER cr2, STATE_CR2
	SAVE_REGISTER cr3, STATE_CR3
	SAVE_REGISTER cr4, STATE_CR4
	SAVE_REGISTER dr2, STATE_DR2
	SAVE_REGISTER dr3, STATE_DR3
	SAVE_REGISTER dr6, STATE_DR6
	SAVE_REGISTER dr7, STATE_DR7
	SAVE_REGISTER cs, STATE_CS
	SAVE_REGISTER ds, STATE_DS
	SAVE_REGISTER es, STATE_ES
	SAVE_REGISTER ss, STATE_SS
	SAVE_REGISTER fs, STATE_FS
	SAVE_REGISTER gs, STATE_GS
	sldt	%eax
	movzwl	%ax, %eax
	movl	%eax, STATE_LDTR(%edi)
	str	%eax
	movzwl	%ax, %eax
	movl	%eax, STATE_TR(%edi)
	sgdt	STATE_GDTR(%edi)
	sidt	STATE_IDTR(%edi)
	movl	$MSR_EFER, %ecx
	rdmsr
	movl	%eax, STATE_EFER(%edi)
	movl	$MSR_APIC_BASE, %ecx
	rdmsr
	movl	%eax, STATE_APIC_BASE(%edi)
	movl	%edx, STATE_APIC_BASE + 4(%edi)
	fnstsw	STATE_FLOAT_STATUS(%edi)
	fnstcw	STATE_FLOAT_CONTROL(%edi)

#ifndef __x86_64__
	/*
	 * 32 bits: segments whose base is how far the image was moved, so that C runs at the addresses it was linked for.
	 * ebx: that distance.
	 */
	leal	-PROBE_LINK_ADDRESS(%ebp), %ebx
	.irp	descriptor, code_descriptor, data_descriptor
	leal	IN(\descriptor)(%ebp), %edx
	movl	%ebx, %eax
	movw	%ax, 2(%edx)
	shrl	$16, %eax
	movb	%al, 4(%edx)
	movb	%ah, 7(%edx)
	.endr
	leal	IN(table)(%ebp), %eax
	movl	%eax, IN(table_pointer) + 2(%ebp)
	lgdt	IN(table_pointer)(%ebp)
	ljmp	$CODE32_SELECTOR, $own_code
own_code:
	movl	$DATA_SELECTOR, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$stack_end, %esp
	movl	%ebx, pvh_physical_base
	subl	$16, %esp
	call	probe_main
	call	pvh_halt
#else
	/* 64 bits: the first 4 GiB at themselves, and the image where it was linked, at the top, by pages of 4 KiB. */
	leal	IN(directories)(%ebp), %edi
	movl	$0x83, %eax
	movl	$(4 * 512), %ecx
1:	movl	%eax, (%edi)
	movl	$0, 4(%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	loop	1b

	leal	IN(low_pointers)(%ebp), %edi
	leal	IN(directories) + 3(%ebp), %eax
	movl	$4, %ecx
2:	movl	%eax, (%edi)
	addl	$0x1000, %eax
	addl	$8, %edi
	loop	2b
	leal	IN(probe_window) + 3(%ebp), %eax	/* the fifth GiB: a window for memory.c */
	movl	%eax, (%edi)

	leal	IN(image_pages)(%ebp), %edi
	leal	3(%ebp), %eax
	movl	$512, %ecx
3:	movl	%eax, (%edi)
	addl	$0x1000, %eax
	addl	$8, %edi
	loop	3b
	leal	IN(image_pages) + 3(%ebp), %eax
	movl	%eax, IN(image_directory)(%ebp)
	leal	IN(image_directory) + 3(%ebp), %eax
	movl	%eax, IN(high_pointers) + 510 * 8(%ebp)
	leal	IN(high_pointers) + 3(%ebp), %eax
	movl	%eax, IN(page_map) + 511 * 8(%ebp)
	leal	IN(low_pointers) + 3(%ebp), %eax
	movl	%eax, IN(page_map)(%ebp)

	leal	IN(page_map)(%ebp), %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$(1 << 5), %eax
	movl	%eax, %cr4
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$(1 << 8), %eax
	wrmsr
	movl	$0x80000001, %eax
	movl	%eax, %cr0

	leal	IN(table)(%ebp), %eax
	movl	%eax, IN(table_pointer) + 2(%ebp)
	leal	IN(long_mode)(%ebp), %eax
	movl	%eax, IN(far_pointer)(%ebp)
	lgdt	IN(table_pointer)(%ebp)
	ljmp	*IN(far_pointer)(%ebp)
	.code64
long_mode:
	movl	$DATA_SELECTOR, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	movq	$stack_end, %rsp
	movq	$probe_main, %rax
	call	*%rax
	call	pvh_halt
#endif

	.data
	.balign	8
table:
	.quad	0
code_descriptor:
	.quad	0x00cf9b000000ffff
data_descriptor:
	.quad	0x00cf93000000ffff
	.quad	0x00af9b000000ffff
table_end:
	.balign	4
	.word	0
table_pointer:
	.word	table_end - table - 1
	.long	0
#ifdef __x86_64__
far_pointer:
	.long	0
	.word	CODE64_SELECTOR
#endif

	.bss
	.balign	16
	.globl	probe_state
probe_state:
	.skip	STATE_SIZE
	.balign	16
	.skip	16384
stack_end:
#ifdef __x86_64__
	.balign	4096
	.globl	probe_window
page_map:	.skip	4096
low_pointers:	.skip	4096
high_pointers:	.skip	4096
image_directory: .skip	4096
image_pages:	.skip	4096
probe_window:	.skip	4096
directories:	.skip	4 * 4096
#endif

	.section .note.GNU-stack, "", @progbits
