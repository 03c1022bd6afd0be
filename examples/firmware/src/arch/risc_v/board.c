/* QEMU's `virt` board: reset, serial port (NS16550), memory protection. */
#include "arch/arch.h"

#define UART_THR REG8(0x10000000)
#define UART_LSR REG8(0x10000005)
#define LSR_TRANSMITTER_EMPTY 0x20U

#define PMP_READ_WRITE 0x03U
#define PMP_NAPOT 0x18U
#define PMP_LOCKED 0x80U /* counts for machine mode too */

extern char _ram_origin[], _ram_size[];

__attribute__((naked, noreturn, section(".reset"))) void z_riscv_reset(void)
{
	__asm__ volatile(".option push\n\t"
			 ".option norelax\n\t"
			 "la gp, __global_pointer$\n\t"
			 ".option pop\n\t"
			 "li tp, 0\n\t"
			 "la sp, %[stack]\n\t"
			 "la t0, _isr_wrapper\n\t"
			 "csrw mtvec, t0\n\t"
			 "call z_prep_c"
			 :
			 : [stack] "i"(z_interrupt_stacks + CONFIG_ISR_STACK_SIZE));
}

/* RAM cannot be executed. All else is as machine mode has it. */
static void pmp_protect_ram(void)
{
	uintptr_t base = (uintptr_t)_ram_origin, size = (uintptr_t)_ram_size;

	csr_write(pmpaddr0, (base | (size / 2 - 1)) >> 2);
	csr_write(pmpcfg0, PMP_LOCKED | PMP_NAPOT | PMP_READ_WRITE);
}

void arch_init(void)
{
	pmp_protect_ram();
	sys_clock_start();
}

void arch_protection_off(void)
{
	/* What is locked cannot be unlocked; it may be read. */
}

void arch_console_put(char c)
{
	while ((UART_LSR & LSR_TRANSMITTER_EMPTY) == 0) {
	}
	UART_THR = (uint8_t)c;
}
