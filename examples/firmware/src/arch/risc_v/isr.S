/*
 * The one entry of all traps, and the switch between threads, the way Zephyr's arch/riscv/core/isr.S and switch.S do it.
 * Unlike Zephyr's it has call frame information, so that debuggers see through it: a second opinion on whoever knows
 * the exception frame by heart.
 */
#include "frame.h"

#if __riscv_xlen == 64
#define lr ld
#define sr sd
/* unsigned LEB128 */
#define ESF_SIZE_ULEB 0xa0, 0x01
#define CFA_EXPRESSION_SIZE 6
#else
#define lr lw
#define sr sw
#define ESF_SIZE_ULEB 0x50
#define CFA_EXPRESSION_SIZE 5
#endif

#define DW_CFA_def_cfa_expression 0x0f
#define DW_OP_breg2 0x72
#define DW_OP_deref 0x06
#define DW_OP_plus_uconst 0x23

#define MCAUSE_ECALL_M 11

/* The alternate frame return column: the address that a trap returns to, while ra is the interrupted function's own. */
#define MEPC 64

	.macro caller_saved op
	\op ra, ESF_RA(sp)
	\op t0, ESF_T0(sp)
	\op t1, ESF_T1(sp)
	\op t2, ESF_T2(sp)
	\op t3, ESF_T3(sp)
	\op t4, ESF_T4(sp)
	\op t5, ESF_T5(sp)
	\op t6, ESF_T6(sp)
	\op a0, ESF_A0(sp)
	\op a1, ESF_A1(sp)
	\op a2, ESF_A2(sp)
	\op a3, ESF_A3(sp)
	\op a4, ESF_A4(sp)
	\op a5, ESF_A5(sp)
	\op a6, ESF_A6(sp)
	\op a7, ESF_A7(sp)
	.endm

	.macro callee_saved op, base
	\op s0, SAVED_S0(\base)
	\op s1, SAVED_S1(\base)
	\op s2, SAVED_S2(\base)
	\op s3, SAVED_S3(\base)
	\op s4, SAVED_S4(\base)
	\op s5, SAVED_S5(\base)
	\op s6, SAVED_S6(\base)
	\op s7, SAVED_S7(\base)
	\op s8, SAVED_S8(\base)
	\op s9, SAVED_S9(\base)
	\op s10, SAVED_S10(\base)
	\op s11, SAVED_S11(\base)
	.endm

	.macro esf_rules
	.cfi_offset ra, ESF_RA - ESF_SIZE
	.cfi_offset t0, ESF_T0 - ESF_SIZE
	.cfi_offset t1, ESF_T1 - ESF_SIZE
	.cfi_offset t2, ESF_T2 - ESF_SIZE
	.cfi_offset t3, ESF_T3 - ESF_SIZE
	.cfi_offset t4, ESF_T4 - ESF_SIZE
	.cfi_offset t5, ESF_T5 - ESF_SIZE
	.cfi_offset t6, ESF_T6 - ESF_SIZE
	.cfi_offset a0, ESF_A0 - ESF_SIZE
	.cfi_offset a1, ESF_A1 - ESF_SIZE
	.cfi_offset a2, ESF_A2 - ESF_SIZE
	.cfi_offset a3, ESF_A3 - ESF_SIZE
	.cfi_offset a4, ESF_A4 - ESF_SIZE
	.cfi_offset a5, ESF_A5 - ESF_SIZE
	.cfi_offset a6, ESF_A6 - ESF_SIZE
	.cfi_offset a7, ESF_A7 - ESF_SIZE
	.cfi_offset s0, ESF_S0 - ESF_SIZE
	.cfi_offset MEPC, ESF_MEPC - ESF_SIZE
	.endm

	.cfi_sections .debug_frame

	.section .text._isr_wrapper, "ax", @progbits
	.balign 4
	.globl _isr_wrapper
	.type _isr_wrapper, @function
_isr_wrapper:
	.cfi_startproc
	.cfi_signal_frame
	.cfi_return_column MEPC
	addi sp, sp, -ESF_SIZE
	.cfi_def_cfa sp, ESF_SIZE
	caller_saved sr
	sr s0, ESF_S0(sp)
	csrr t0, mepc
	sr t0, ESF_MEPC(sp)
	esf_rules
	csrr t2, mstatus
	sr t2, ESF_MSTATUS(sp)
	la s0, _kernel
	csrr t0, mcause
	bltz t0, is_interrupt
	li t1, MCAUSE_ECALL_M
	beq t0, t1, is_kernel_syscall

	mv a0, sp
#ifdef CONFIG_EXCEPTION_DEBUG
	lr s0, ESF_S0(sp)
	addi sp, sp, -SAVED_SIZE
	.cfi_adjust_cfa_offset SAVED_SIZE
	callee_saved sr, sp
	mv a1, sp
#else
	li a1, 0
#endif
	call _Fault
#ifdef CONFIG_EXCEPTION_DEBUG
	.cfi_adjust_cfa_offset -SAVED_SIZE
#endif

is_kernel_syscall:
	/* Goes on behind the ECALL. */
	lr t0, ESF_MEPC(sp)
	addi t0, t0, 4
	sr t0, ESF_MEPC(sp)
	lr a0, ESF_A0(sp)
	mv a1, sp
#ifdef CONFIG_EXCEPTION_DEBUG
	lr s0, ESF_S0(sp)
	addi sp, sp, -SAVED_SIZE
	.cfi_adjust_cfa_offset SAVED_SIZE
	callee_saved sr, sp
	mv a2, sp
#else
	li a2, 0
#endif
	call z_riscv_fatal_error
#ifdef CONFIG_EXCEPTION_DEBUG
	.cfi_adjust_cfa_offset -SAVED_SIZE
#endif

is_interrupt:
	lw t1, CPU_NESTED(s0)
	addi t2, t1, 1
	sw t2, CPU_NESTED(s0)
	/* Onto the interrupt stack, with a pointer to the frame that stays on the thread's. Interrupts do not nest. */
	mv t0, sp
	lr sp, CPU_IRQ_STACK(s0)
	addi sp, sp, -16
	sr t0, 0(sp)
	.cfi_remember_state
	.cfi_escape DW_CFA_def_cfa_expression, CFA_EXPRESSION_SIZE, DW_OP_breg2, 0, DW_OP_deref, DW_OP_plus_uconst, ESF_SIZE_ULEB

	csrr a0, mcause
	slli a0, a0, 1
	srli a0, a0, 1
	call z_riscv_handle_irq
	la t0, _sw_isr_table
#if __riscv_xlen == 64
	slli a0, a0, 4
#else
	slli a0, a0, 3
#endif
	add t0, t0, a0
	lr a0, 0(t0)
	lr t1, REG(t0)
	jalr ra, t1, 0

irq_done:
	lw t2, CPU_NESTED(s0)
	addi t2, t2, -1
	sw t2, CPU_NESTED(s0)
	lr sp, 0(sp)
	.cfi_restore_state

check_reschedule:
	lr a0, CPU_CURRENT(s0)
	addi sp, sp, -16
	.cfi_adjust_cfa_offset 16
	sr a0, 0(sp)
	call z_get_next_switch_handle
	lr a1, 0(sp)
	addi sp, sp, 16
	.cfi_adjust_cfa_offset -16
	beqz a0, no_reschedule
	call z_riscv_switch

	.globl z_riscv_thread_start
	.type z_riscv_thread_start, @function
z_riscv_thread_start:
no_reschedule:
	lr t0, ESF_MEPC(sp)
	lr t2, ESF_MSTATUS(sp)
	csrw mepc, t0
	csrw mstatus, t2
	lr s0, ESF_S0(sp)
	caller_saved lr
	addi sp, sp, ESF_SIZE
	.cfi_def_cfa_offset 0
	mret
	.cfi_endproc
	.size _isr_wrapper, . - _isr_wrapper

/* void z_riscv_switch(struct k_thread *to, struct k_thread *from): returns in `to`, when that is switched to. */
	.section .text.z_riscv_switch, "ax", @progbits
	.globl z_riscv_switch
	.type z_riscv_switch, @function
z_riscv_switch:
	.cfi_startproc
	sr ra, (THREAD_CALLEE_SAVED + SAVED_RA)(a1)
	sr sp, (THREAD_CALLEE_SAVED + SAVED_SP)(a1)
	addi t0, a1, THREAD_CALLEE_SAVED
	callee_saved sr, t0
	sr a1, THREAD_SWITCH_HANDLE(a1)
	lr sp, (THREAD_CALLEE_SAVED + SAVED_SP)(a0)
	lr ra, (THREAD_CALLEE_SAVED + SAVED_RA)(a0)
	addi t0, a0, THREAD_CALLEE_SAVED
	callee_saved lr, t0
	ret
	.cfi_endproc
	.size z_riscv_switch, . - z_riscv_switch
