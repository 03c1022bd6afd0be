/*
 * Exceptions, as Zephyr's arch/arm64/core has them: the frame lies on the stack of what was interrupted; an interrupt
 * that is not nested changes to the interrupt stack and leaves the old stack pointer there.
 */
#include "offsets.h"

	.macro enter
	sub	sp, sp, #ESF_SIZE
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x30, [sp, #144]
#if CONFIG_COREDUMP_ARCH_VERSION >= 2
	str	x29, [sp, #ESF_FP]
#endif
	mrs	x0, spsr_el1
	mrs	x1, elr_el1
	stp	x0, x1, [sp, #ESF_SPSR]
	.endm

	.section .text.vectors, "ax"
	.balign 2048
	.global _vector_table
_vector_table:
	.rept 4				/* from EL1 on SP_EL0: never */
	.balign 128
	b	.
	.endr
	.balign 128			/* from EL1 on SP_EL1 */
	enter
	b	z_arm64_sync_exc
	.balign 128
	enter
	b	_isr_wrapper
	.balign 128
	b	.
	.balign 128
	enter
	b	z_arm64_serror
	.rept 8				/* from EL0: never */
	.balign 128
	b	.
	.endr

	.section .text.exception, "ax"
	.global z_arm64_serror
	.type z_arm64_serror, %function
z_arm64_serror:
	mov	x1, sp
	mov	x0, #0
	bl	z_arm64_fatal_error
	b	.

	.global z_arm64_sync_exc
	.type z_arm64_sync_exc, %function
z_arm64_sync_exc:
	adrp	x0, z_arm64_fault_callee
	add	x0, x0, :lo12:z_arm64_fault_callee
	stp	x19, x20, [x0, #0]
	stp	x21, x22, [x0, #16]
	stp	x23, x24, [x0, #32]
	stp	x25, x26, [x0, #48]
	stp	x27, x28, [x0, #64]
	mrs	x0, esr_el1
	lsr	x1, x0, #26
	cmp	x1, #0x15			/* SVC */
	b.ne	.Lfault
	and	x0, x0, #0xffff
	cmp	x0, #2
	b.ne	.Lfault
	mov	x0, sp
	b	z_arm64_do_kernel_oops
.Lfault:
	mov	x0, #0
	mov	x1, sp
	bl	z_arm64_fatal_error
	b	.

	.global _isr_wrapper
	.type _isr_wrapper, %function
_isr_wrapper:
	adrp	x0, _kernel
	add	x0, x0, :lo12:_kernel
	ldr	w1, [x0, #CPU_NESTED]
	add	w2, w1, #1
	str	w2, [x0, #CPU_NESTED]
	cbnz	w1, .Lnested
	ldr	x1, [x0, #CPU_CURRENT]
	fp_registers stp, x1, x2
	ldr	x1, [x0, #CPU_IRQ_STACK]
	mov	x2, sp
	mov	sp, x1
	str	x2, [sp, #-16]!
.Lnested:
	bl	arm_gic_get_active
	and	x1, x0, #0x3ff
	stp	x0, xzr, [sp, #-16]!
	adrp	x2, _sw_isr_table
	add	x2, x2, :lo12:_sw_isr_table
	add	x2, x2, x1, lsl #4
	ldp	x0, x3, [x2]
	msr	daifclr, #2			/* more urgent ones may come */
	blr	x3
	msr	daifset, #2
	ldp	x0, xzr, [sp], #16
	bl	arm_gic_eoi

	.global z_arm64_irq_done
	.type z_arm64_irq_done, %function
z_arm64_irq_done:
	adrp	x0, _kernel
	add	x0, x0, :lo12:_kernel
	ldr	w1, [x0, #CPU_NESTED]
	subs	w1, w1, #1
	str	w1, [x0, #CPU_NESTED]
	b.ne	z_arm64_exit_exc
	ldr	x1, [sp]
	mov	sp, x1
	ldr	x1, [x0, #CPU_CURRENT]
	fp_registers ldp, x1, x2
	str	x1, [sp, #-16]!
	bl	z_get_next_switch_handle
	ldr	x1, [sp], #16
	cbz	x0, z_arm64_exit_exc
	bl	z_arm64_context_switch
	b	z_arm64_exit_exc

	.global z_arm64_exit_exc
	.type z_arm64_exit_exc, %function
z_arm64_exit_exc:
	ldp	x0, x1, [sp, #ESF_SPSR]
	msr	spsr_el1, x0
	msr	elr_el1, x1
	ldp	x0, x1, [sp, #0]
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x30, [sp, #144]
#if CONFIG_COREDUMP_ARCH_VERSION >= 2
	ldr	x29, [sp, #ESF_FP]
#endif
	add	sp, sp, #ESF_SIZE
	eret
