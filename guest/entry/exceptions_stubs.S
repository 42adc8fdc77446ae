/* SPDX-License-Identifier: MIT */
/* 32 ways into the exception printer: each pushes its number, and an error code where the CPU pushed none. */

	.section .text.pvh_exceptions, "ax", @progbits
#ifdef __x86_64__
#define POINTER .quad
#define PUSH pushq
#else
#define POINTER .long
#define PUSH pushl
#endif

	.macro STUB number
stub\number:
	/* 8, 10-14, 17, 21, 29 and 30 come with an error code. */
	.if !(\number == 8 || (\number >= 10 && \number <= 14) || \number == 17 || \number == 21 || \number == 29 || \number == 30)
	PUSH	$0
	.endif
	PUSH	$\number
	jmp	common
	.endm

	.altmacro
	.set	i, 0
	.macro ONE n
	STUB \n
	.endm
	.rept	32
	ONE	%i
	.set	i, i + 1
	.endr

common:
#ifdef __x86_64__
	.irp	reg, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	pushq	%\reg
	.endr
	movq	%rsp, %rdi
	andq	$-16, %rsp
	cld
	call	pvh_exception
#else
	pushal
	movl	%esp, %eax
	andl	$-16, %esp
	subl	$12, %esp
	pushl	%eax
	cld
	call	pvh_exception
#endif
	call	pvh_halt

	.section .rodata.pvh_exceptions, "a", @progbits
	.balign	8
	.globl	pvh_exception_stubs
pvh_exception_stubs:
	.set	i, 0
	.macro ENTRY n
	POINTER	stub\n
	.endm
	.rept	32
	ENTRY	%i
	.set	i, i + 1
	.endr

	.section .note.GNU-stack, "", @progbits
