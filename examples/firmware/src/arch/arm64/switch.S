/* z_arm64_context_switch(new, old): x19..x29, the stack pointers and the return address change places. */
#include "offsets.h"

	.section .text.context_switch, "ax"
	.global z_arm64_context_switch
	.type z_arm64_context_switch, %function
z_arm64_context_switch:
	add	x2, x1, #THREAD_CALLEE_SAVED
	mrs	x4, sp_el0
	mov	x5, sp
	stp	x19, x20, [x2, #0]
	stp	x21, x22, [x2, #16]
	stp	x23, x24, [x2, #32]
	stp	x25, x26, [x2, #48]
	stp	x27, x28, [x2, #64]
	stp	x29, x4, [x2, #80]
	stp	x5, x30, [x2, #96]
	fp_registers stp, x1, x2
	str	x1, [x1, #THREAD_SWITCH_HANDLE]
	fp_registers ldp, x0, x2
	add	x2, x0, #THREAD_CALLEE_SAVED
	ldp	x19, x20, [x2, #0]
	ldp	x21, x22, [x2, #16]
	ldp	x23, x24, [x2, #32]
	ldp	x25, x26, [x2, #48]
	ldp	x27, x28, [x2, #64]
	ldp	x29, x4, [x2, #80]
	ldp	x5, x30, [x2, #96]
	msr	sp_el0, x4
	mov	sp, x5
	ret
