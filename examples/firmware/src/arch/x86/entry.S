/*
 * Interrupts, exceptions and the switch between threads. What lies on the stacks is as in Zephyr, and the functions have
 * its names, by which debuggers may know them. Unlike Zephyr's an interrupt tells in call frame information what it came
 * into, so that gdb finds that too.
 */
#include "offsets.h"

	.macro function name
	.text
	.balign 16
	.globl \name
	.type \name, @function
\name:
	.endm

#define EFLAGS 9

/* The registers that an interrupt pushed, counted from where the stack was before it. */
	.macro interrupted_registers
	.cfi_signal_frame
	.cfi_offset edi, -28
	.cfi_offset ecx, -24
	.cfi_offset edx, -20
	.cfi_offset eax, -16
	.cfi_offset eip, -12
	.cfi_offset EFLAGS, -4
	.cfi_same_value ebx
	.cfi_same_value esi
	.cfi_same_value ebp
	.endm

/*
 * A stub has pushed the handler's argument and the handler. They make room for eax and edx, which a call may change,
 * as it may ecx; edi is where the stack pointer is kept meanwhile.
 */
function _interrupt_enter
	.cfi_startproc simple
	interrupted_registers
	cld
	xchgl %eax, 4(%esp)
	xchgl %edx, (%esp)
	pushl %ecx
	pushl %edi
	movl $_kernel, %ecx
	incl KERNEL_NESTED(%ecx)
	cmpl $1, KERNEL_NESTED(%ecx)
	jne .Lon_interrupt_stack
	movl %esp, %edi
	movl KERNEL_IRQ_STACK(%ecx), %esp
	pushl %edi
.Lon_interrupt_stack:
	pushl %eax
	/* 28 above what the second word on the stack says */
	.cfi_escape 0x0f, 5, 0x74, 4, 0x06, 0x23, 28
	call *%edx; addl $4, %esp
	call pc_end_of_interrupt
	movl $_kernel, %ecx
	decl KERNEL_NESTED(%ecx)
	jnz .Lback
	popl %esp
	movl KERNEL_CURRENT(%ecx), %edx
	cmpl KERNEL_READY_CACHE(%ecx), %edx
	je .Lback
	pushfl
	.cfi_def_cfa esp, 32
	call arch_swap; addl $4, %esp
.Lback:
	popl %edi
	popl %ecx
	popl %edx
	popl %eax
	iret
	.cfi_endproc

/* A stub has pushed the error code, or something in its place, and the handler, which ecx makes room for. */
function _exception_enter
	cld
	xchgl %ecx, (%esp)
	pushl %eax
	pushl %edx
	pushl %edi
	pushl %esi
	pushl %ebx
	pushl %ebp
	leal 44(%esp), %eax
	pushl %eax
	pushl %esp
	call *%ecx
	hlt

/* int arch_swap(unsigned int key) */
function arch_swap
	pushl %edi
	pushl %esi
	pushl %ebx
	pushl %ebp
	pushl $-11 /* -EAGAIN, unless somebody writes another value here */
	movl _kernel + KERNEL_CURRENT, %edx
	movl %esp, THREAD_ESP(%edx)
	jmp .Lresume_next

/* void arch_start_first_thread(void) */
function arch_start_first_thread
.Lresume_next:
	movl _kernel + KERNEL_READY_CACHE, %eax
	movl %eax, _kernel + KERNEL_CURRENT
	movl THREAD_ESP(%eax), %esp
	popl %eax
	popl %ebp
	popl %ebx
	popl %esi
	popl %edi
	pushl 4(%esp)
	popfl
	ret

	.macro exception vector, code=0
	.balign 16
	.if \code == 0
	pushl $0
	.endif
	movl $\vector, z_x86_exception_vector
	pushl $fault
	jmp _exception_enter
	.endm

/* Of the same size each. */
	.text
	.balign 32
	.globl exception_stubs
exception_stubs:
	.irp vector, 0, 1, 2, 3, 4, 5, 6, 7
	.balign 32
	exception \vector
	.endr
	.balign 32
	exception 8, 1
	.balign 32
	exception 9
	.irp vector, 10, 11, 12, 13, 14
	.balign 32
	exception \vector, 1
	.endr
	.irp vector, 15, 16
	.balign 32
	exception \vector
	.endr
	.balign 32
	exception 17, 1
	.irp vector, 18, 19
	.balign 32
	exception \vector
	.endr

function oops_stub
	pushl $0
	pushl $oops
	jmp _exception_enter

function timer_stub
	pushl $0
	pushl $timer_isr
	jmp _interrupt_enter

function software_stub
	pushl software_isr + 4
	pushl software_isr
	jmp _interrupt_enter
