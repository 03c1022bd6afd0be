/* Reset, at EL1 with the MMU off. Secondary CPUs stay with the firmware. */

	.section .text.reset, "ax"
	.global __start
	.type __start, %function
__start:
	msr	daifset, #15
	msr	spsel, #1
	adrp	x0, z_interrupt_stacks
	add	x0, x0, :lo12:z_interrupt_stacks
	add	sp, x0, #2048			/* CONFIG_ISR_STACK_SIZE */
	adrp	x0, _vector_table
	add	x0, x0, :lo12:_vector_table
	msr	vbar_el1, x0
	mov	x0, #(3 << 20)			/* floating point is not trapped */
	msr	cpacr_el1, x0
	mov	x29, xzr
	mov	x30, xzr
	isb
	bl	z_prep_c
	b	.
