/* Vector table and reset. */
#include "arch/cortex_m.h"

#include "libc.h"

extern uint32_t _data_load[], _data_start[], _data_end[], _bss_start[], _bss_end[];

#define INTERRUPT_STACK_SIZE 1024
char z_interrupt_stacks[INTERRUPT_STACK_SIZE] __attribute__((aligned(32), section(".noinit.stacks")));

void z_cstart(void) __attribute__((noreturn));

__attribute__((used, noreturn)) static void prepare_c(void)
{
	memcpy(_data_start, _data_load, (size_t)((char *)_data_end - (char *)_data_start));
	memset(_bss_start, 0, (size_t)((char *)_bss_end - (char *)_bss_start));
	irq_lock();
	arch_init();
	z_kernel_init(z_interrupt_stacks + sizeof(z_interrupt_stacks));
	z_cstart();
}

__attribute__((naked, noreturn)) void z_arm_reset(void)
{
	__asm__ volatile("bl prepare_c");
}

__attribute__((naked, noreturn)) static void z_arm_nmi(void)
{
	__asm__ volatile("b .");
}

__attribute__((used, section(".vectors"))) static void (*const vectors[48])(void) = {
	(void (*)(void))(z_interrupt_stacks + sizeof(z_interrupt_stacks)),
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
