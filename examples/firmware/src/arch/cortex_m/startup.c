/* Vector table and reset. */
#include "arch/arch.h"

__attribute__((naked, noreturn)) void z_arm_reset(void)
{
	__asm__ volatile("bl z_prep_c");
}

__attribute__((naked, noreturn)) static void z_arm_nmi(void)
{
	__asm__ volatile("b .");
}

__attribute__((used, section(".vectors"))) static void (*const vectors[48])(void) = {
	(void (*)(void))(z_interrupt_stacks + CONFIG_ISR_STACK_SIZE),
	z_arm_reset,
	z_arm_nmi,
	z_arm_exc_entry, /* HardFault */
	z_arm_exc_entry, /* MemManage */
	z_arm_exc_entry, /* BusFault */
	z_arm_exc_entry, /* UsageFault */
	[11] = z_arm_svc,
	[14] = z_arm_pendsv,
	[15] = sys_clock_isr,
	[16 ... 47] = _isr_wrapper,
};
