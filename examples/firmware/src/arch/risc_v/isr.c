/* What traps do in C: interrupts and the tick, and where assembly finds what. */
#include "arch/arch.h"

#include "frame.h"

_Static_assert(offsetof(struct arch_esf, a0) == ESF_A0 && offsetof(struct arch_esf, s0) == ESF_S0, "frame.h");
_Static_assert(sizeof(struct arch_esf) == ESF_SIZE, "frame.h");
_Static_assert(offsetof(struct _callee_saved, s11) == SAVED_S11, "frame.h");
_Static_assert(offsetof(struct z_kernel, cpus[0].irq_stack) == CPU_IRQ_STACK, "frame.h");
_Static_assert(offsetof(struct z_kernel, cpus[0].current) == CPU_CURRENT, "frame.h");
_Static_assert(offsetof(struct k_thread, callee_saved) == THREAD_CALLEE_SAVED, "frame.h");
_Static_assert(offsetof(struct k_thread, switch_handle) == THREAD_SWITCH_HANDLE, "frame.h");

#define MTIME_HZ 10000000
#define IRQ_COUNT 16

struct _isr_table_entry {
	const void *arg;
	void (*isr)(const void *arg);
};

struct _isr_table_entry _sw_isr_table[IRQ_COUNT];

static uint64_t next_tick;

static void set_next_tick(void)
{
	next_tick += MTIME_HZ / CONFIG_SYS_CLOCK_TICKS_PER_SEC;
	CLINT_MTIMECMP_HIGH = UINT32_MAX; /* so that no half of the new value can be reached */
	CLINT_MTIMECMP_LOW = (uint32_t)next_tick;
	CLINT_MTIMECMP_HIGH = (uint32_t)(next_tick >> 32);
}

static void sys_clock_isr(const void *arg)
{
	(void)arg;
	set_next_tick();
	sys_clock_announce();
}

void sys_clock_start(void)
{
	next_tick = (uint64_t)CLINT_MTIME_HIGH << 32 | CLINT_MTIME_LOW;
	set_next_tick();
	arch_irq_connect(IRQ_MACHINE_TIMER, sys_clock_isr, NULL);
}

void arch_irq_connect(unsigned int irq, void (*isr)(const void *arg), const void *arg)
{
	_sw_isr_table[irq] = (struct _isr_table_entry){arg, isr};
	csr_set(mie, 1UL << irq);
}

void arch_irq_pend(unsigned int irq)
{
	(void)irq; /* there is but one that software can raise */
	CLINT_MSIP = 1;
}

unsigned int z_riscv_handle_irq(unsigned int irq)
{
	if (irq == IRQ_MACHINE_SOFTWARE) {
		CLINT_MSIP = 0;
	}
	return irq % IRQ_COUNT;
}

struct k_thread *z_get_next_switch_handle(struct k_thread *interrupted)
{
	struct k_thread *next = _kernel.ready_q.cache;

	if (next == interrupted) {
		return NULL;
	}
	interrupted->switch_handle = NULL;
	_current = next;
	return next;
}
