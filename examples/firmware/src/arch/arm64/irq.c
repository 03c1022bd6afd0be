/* The interrupt controller (GICv2), the tick (the CPU's own timer), and what an interrupt calls. */
#include "arch/arch.h"

#define GICD_CTLR REG32(0x08000000)
#define GICD_ISENABLER0 REG32(0x08000100)
#define GICD_IPRIORITYR ((volatile uint8_t *)0x08000400)
#define GICD_SGIR REG32(0x08000f00)
#define GICC_CTLR REG32(0x08010000)
#define GICC_PMR REG32(0x08010004)
#define GICC_IAR REG32(0x0801000c)
#define GICC_EOIR REG32(0x08010010)

#define SGIR_TO_SELF (2U << 24)
#define TIMER_IRQ 27 /* of the virtual timer, which EL1 always has */
#define IRQ_COUNT 32
#define PRIORITY_URGENT 0x20
#define PRIORITY_INTERRUPT 0x40

struct _isr_table_entry {
	const void *arg;
	void (*isr)(const void *arg);
};

/* _isr_wrapper (exception.S) knows its layout. */
struct _isr_table_entry _sw_isr_table[IRQ_COUNT];

static uint64_t ticks_period;

static void sys_clock_isr(const void *arg)
{
	uint64_t due;

	(void)arg;
	__asm__ volatile("mrs %0, cntv_cval_el0" : "=r"(due));
	__asm__ volatile("msr cntv_cval_el0, %0\n\tisb" : : "r"(due + ticks_period));
	sys_clock_announce();
}

void arch_init(void)
{
	uint64_t frequency, now;

	mmu_init();
	console_init();
	GICC_PMR = 0xff;
	GICC_CTLR = 1;
	GICD_CTLR = 1;
	arch_irq_connect(TIMER_IRQ, sys_clock_isr, NULL);
	__asm__ volatile("mrs %0, cntfrq_el0\n\tmrs %1, cntvct_el0" : "=r"(frequency), "=r"(now));
	ticks_period = frequency / CONFIG_SYS_CLOCK_TICKS_PER_SEC;
	__asm__ volatile("msr cntv_cval_el0, %0\n\tmsr cntv_ctl_el0, %1\n\tisb"
			 :
			 : "r"(now + ticks_period), "r"((uint64_t)1));
}

void arch_irq_connect(unsigned int irq, void (*isr)(const void *arg), const void *arg)
{
	_sw_isr_table[irq] = (struct _isr_table_entry){arg, isr};
	GICD_IPRIORITYR[irq] = irq == ARCH_URGENT_IRQ ? PRIORITY_URGENT : PRIORITY_INTERRUPT;
	GICD_ISENABLER0 = 1U << irq;
}

void arch_irq_pend(unsigned int irq)
{
	__asm__ volatile("dsb sy" : : : "memory");
	GICD_SGIR = SGIR_TO_SELF | irq;
	__asm__ volatile("dsb sy\n\tisb" : : : "memory");
}

unsigned int arm_gic_get_active(void)
{
	return GICC_IAR;
}

void arm_gic_eoi(unsigned int irq)
{
	GICC_EOIR = irq;
}
