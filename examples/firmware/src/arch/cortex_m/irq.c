/* The system tick and the interrupt table. */
#include "arch/arch.h"

#define SYSTEM_CLOCK_HZ 25000000
#define IRQ_COUNT 32
#define PRIORITY_URGENT 0x20
#define PRIORITY_INTERRUPT 0x40 /* both are masked by irq_lock() */
#define PRIORITY_LOWEST 0xff

struct _isr_table_entry {
	const void *arg;
	void (*isr)(const void *arg);
};

static struct _isr_table_entry _sw_isr_table[IRQ_COUNT];

void arch_init(void)
{
#ifdef CONFIG_FPU_SHARING
	SCB_CPACR |= 0xFU << 20; /* registers are pushed lazily, as after reset */
#endif
	SCB_CCR |= (1U << 4) | (1U << 3);	  /* trap division by zero and unaligned access */
	SCB_SHCSR |= (1U << 18) | (1U << 17) | (1U << 16); /* UsageFault, BusFault, MemManage instead of HardFault */
	SCB_SHPR[14] = PRIORITY_LOWEST;		  /* PendSV */
	SCB_SHPR[15] = PRIORITY_INTERRUPT;	  /* SysTick */
	mpu_init();
	console_init();
	SYST_RVR = SYSTEM_CLOCK_HZ / CONFIG_SYS_CLOCK_TICKS_PER_SEC - 1;
	SYST_CVR = 0;
	SYST_CSR = 7;
}

void arch_irq_connect(unsigned int irq, void (*isr)(const void *arg), const void *arg)
{
	_sw_isr_table[irq] = (struct _isr_table_entry){arg, isr};
	NVIC_IPR[irq] = irq == ARCH_URGENT_IRQ ? PRIORITY_URGENT : PRIORITY_INTERRUPT;
	NVIC_ISER0 = 1U << irq;
}

void arch_irq_pend(unsigned int irq)
{
	NVIC_ISPR0 = 1U << irq;
	__asm__ volatile("dsb\n\tisb" : : : "memory");
}

void _isr_wrapper(void)
{
	const struct _isr_table_entry *entry = &_sw_isr_table[(exception_number() - 16) % IRQ_COUNT];

	_kernel.cpus[0].nested++;
	entry->isr(entry->arg);
	_kernel.cpus[0].nested--;
	z_reschedule(irq_lock());
}

void sys_clock_isr(void)
{
	_kernel.cpus[0].nested++;
	sys_clock_announce();
	_kernel.cpus[0].nested--;
}
