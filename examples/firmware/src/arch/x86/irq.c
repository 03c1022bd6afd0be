/* The interrupt descriptor table, the tick, and the interrupt that software raises. */
#include "arch/arch.h"

#include "offsets.h"

#define EXCEPTIONS 20
#define STUB_SIZE 32
#define VECTORS (VECTOR_SOFTWARE + 1)
#define INTERRUPT_GATE 0x8e00

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint16_t type;
	uint16_t offset_high;
};

static struct gate idt[VECTORS];

/* For entry.S: the handler and its argument. */
struct {
	void (*isr)(const void *arg);
	const void *arg;
} software_isr;

extern char exception_stubs[];
void oops_stub(void);
void timer_stub(void);
void software_stub(void);

static void connect(unsigned int vector, uintptr_t stub)
{
	idt[vector] = (struct gate){(uint16_t)stub, CODE_SELECTOR, INTERRUPT_GATE, (uint16_t)(stub >> 16)};
}

void arch_init(void)
{
	struct {
		uint16_t limit;
		const struct gate *table;
	} __attribute__((packed)) pointer = {sizeof(idt) - 1, idt};

	for (unsigned int vector = 0; vector < EXCEPTIONS; vector++) {
		connect(vector, (uintptr_t)exception_stubs + vector * STUB_SIZE);
	}
	connect(VECTOR_OOPS, (uintptr_t)oops_stub);
	connect(VECTOR_TIMER, (uintptr_t)timer_stub);
	connect(VECTOR_SOFTWARE, (uintptr_t)software_stub);
	__asm__ volatile("lidt %0" : : "m"(pointer));
	paging_init();
	pc_init();
}

void arch_irq_connect(unsigned int irq, void (*isr)(const void *arg), const void *arg)
{
	(void)irq;
	software_isr.isr = isr;
	software_isr.arg = arg;
}

void arch_irq_pend(unsigned int irq)
{
	(void)irq;
	__asm__ volatile("int %0" : : "i"(VECTOR_SOFTWARE) : "memory");
}

void timer_isr(const void *arg);

void timer_isr(const void *arg)
{
	(void)arg;
	sys_clock_announce();
}
