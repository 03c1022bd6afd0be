/*
 * Interrupts, exceptions and the switch between threads. What is kept where is as in Zephyr, and the functions have its
 * names, by which debuggers may know them. Unlike Zephyr's an interrupt tells in call frame information what it came
 * into, so that gdb finds that too. Interrupts do not nest.
 */
#include "offsets.h"

	.macro function name
	.text
	.balign 16
	.globl \name
	.type \name, @function
\name:
	.endm

	.macro save_callee_saved thread
	movq %rbx, THREAD_RBX(\thread)
	movq %rbp, THREAD_RBP(\thread)
	movq %r12, THREAD_R12(\thread)
	movq %r13, THREAD_R13(\thread)
	movq %r14, THREAD_R14(\thread)
	movq %r15, THREAD_R15(\thread)
	.endm

/* void z_x86_switch(struct k_thread *next, void **switch_handle_of_this_one) */
function z_x86_switch
	subq $THREAD_SWITCH_HANDLE, %rsi
	andb $~1, THREAD_FLAGS(%rsi)
	popq THREAD_RIP(%rsi)
	pushfq
	popq THREAD_RFLAGS(%rsi)
	movq %rsp, THREAD_RSP(%rsi)
	save_callee_saved %rsi
	movq %rsi, THREAD_SWITCH_HANDLE(%rsi)
	movq _kernel + KERNEL_IRQ_STACK, %rsp

/* The thread in rdi goes on where it was; any stack will do for what the processor takes from it. */
.Lresume:
	pushq $DATA_SELECTOR
	pushq THREAD_RSP(%rdi)
	pushq THREAD_RFLAGS(%rdi)
	pushq $CODE_SELECTOR
	pushq THREAD_RIP(%rdi)
	movq THREAD_RBX(%rdi), %rbx
	movq THREAD_RBP(%rdi), %rbp
	movq THREAD_R12(%rdi), %r12
	movq THREAD_R13(%rdi), %r13
	movq THREAD_R14(%rdi), %r14
	movq THREAD_R15(%rdi), %r15
	testb $1, THREAD_FLAGS(%rdi)
	jz 1f
	fxrstor THREAD_SSE(%rdi)
	movq THREAD_RAX(%rdi), %rax
	movq THREAD_RCX(%rdi), %rcx
	movq THREAD_RDX(%rdi), %rdx
	movq THREAD_RSI(%rdi), %rsi
	movq THREAD_R8(%rdi), %r8
	movq THREAD_R9(%rdi), %r9
	movq THREAD_R10(%rdi), %r10
	movq THREAD_R11(%rdi), %r11
	movq THREAD_RDI(%rdi), %rdi
1:	iretq

/* void arch_start_first_thread(void) */
function arch_start_first_thread
	movq _kernel + KERNEL_READY_CACHE, %rdi
	movq %rdi, _kernel + KERNEL_CURRENT
	movq _kernel + KERNEL_IRQ_STACK, %rsp
	jmp .Lresume

/* A stub has pushed the number of the interrupt onto the interrupts' stack, which then is left empty. */
#define RFLAGS 49

/* A DWARF register (below 32) that the thread in rbx has at an offset: DW_CFA_expression, DW_OP_breg3. */
	.macro held_by_thread register, offset
	.cfi_escape 0x10, \register, 3, 0x73, (\offset & 0x7f) | 0x80, \offset >> 7
	.endm

function irq
	.cfi_startproc simple
	.cfi_signal_frame
	.cfi_escape 0x0f, 4, 0x73, (THREAD_RSP & 0x7f) | 0x80, THREAD_RSP >> 7, 0x06
	held_by_thread 16, THREAD_RIP
	held_by_thread 3, THREAD_RBX
	held_by_thread 6, THREAD_RBP
	held_by_thread 12, THREAD_R12
	held_by_thread 13, THREAD_R13
	held_by_thread 14, THREAD_R14
	held_by_thread 15, THREAD_R15
	held_by_thread 0, THREAD_RAX
	held_by_thread 1, THREAD_RDX
	held_by_thread 2, THREAD_RCX
	held_by_thread 4, THREAD_RSI
	held_by_thread 5, THREAD_RDI
	held_by_thread 8, THREAD_R8
	held_by_thread 9, THREAD_R9
	held_by_thread 10, THREAD_R10
	held_by_thread 11, THREAD_R11
	held_by_thread RFLAGS, THREAD_RFLAGS
	pushq %rsi
	incl _kernel + KERNEL_NESTED
	movq _kernel + KERNEL_CURRENT, %rsi
	orb $1, THREAD_FLAGS(%rsi)
	fxsave THREAD_SSE(%rsi)
	save_callee_saved %rsi
	movq %rax, THREAD_RAX(%rsi)
	movq %rcx, THREAD_RCX(%rsi)
	movq %rdx, THREAD_RDX(%rsi)
	movq %rdi, THREAD_RDI(%rsi)
	movq %r8, THREAD_R8(%rsi)
	movq %r9, THREAD_R9(%rsi)
	movq %r10, THREAD_R10(%rsi)
	movq %r11, THREAD_R11(%rsi)
	popq THREAD_RSI(%rsi)
	popq %rcx
	popq THREAD_RIP(%rsi)
	popq %rax
	popq THREAD_RFLAGS(%rsi)
	popq THREAD_RSP(%rsi)
	popq %rax
	cld
	shlq $4, %rcx
	movq isr_table + 8(%rcx), %rdi
	movq %rsi, %rbx /* for the call frame information */
	call *isr_table(%rcx); nop
	call pc_end_of_interrupt
	decl _kernel + KERNEL_NESTED
	movq _kernel + KERNEL_READY_CACHE, %rdi
	movq %rdi, _kernel + KERNEL_CURRENT
	jmp .Lresume
	.cfi_endproc

/* A stub has pushed the vector, and in place of a missing error code a 0. */
function except
	pushq %r11
	subq $FXSAVE_SIZE, %rsp
	fxsave (%rsp)
	pushq %r10
	pushq %r9
	pushq %r8
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rax
	pushq %rbp
#ifdef CONFIG_EXCEPTION_DEBUG
	pushq %r15
	pushq %r14
	pushq %r13
	pushq %r12
	pushq %rbx
#endif
	cld
	movq %rsp, %rdi
	andq $-16, %rsp
	call fault
	hlt

/* Of the same size each. */
	.text
	.balign 16
	.globl exception_stubs
exception_stubs:
	.irp vector, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19
	.balign 16
	.if \vector != 8 && \vector != 17 && (\vector < 10 || \vector > 14)
	pushq $0
	.endif
	pushq $\vector
	jmp except
	.endr

function oops_stub
	pushq $0
	pushq $32
	jmp except

function timer_stub
	pushq $0
	jmp irq

function software_stub
	pushq $1
	jmp irq
