/* Descriptor tables, the tick, and the interrupt that software raises. */
#include "arch/arch.h"

#define EXCEPTIONS 20
#define STUB_SIZE 16
#define VECTORS (VECTOR_SOFTWARE + 1)
#define INTERRUPT_GATE 0x8e
#define TSS_AVAILABLE 0x89ULL

/* Numbers of the stacks that the processor switches to, as in Zephyr. */
#define IRQ_STACK 1
#define EXC_STACK 7
#define EXC_STACK_SIZE 4096

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t stack;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t ist[8]; /* the first one is reserved */
	uint64_t reserved1;
	uint16_t reserved2;
	uint16_t io_map;
} __attribute__((packed));

static struct gate idt[VECTORS];
static struct tss tss;
/* Not part of the image's RAM: nobody needs it in a dump. */
static char exception_stack[EXC_STACK_SIZE] __attribute__((aligned(16), section(".pagetables")));

static void tick(const void *arg)
{
	(void)arg;
	sys_clock_announce();
}

/* For entry.S: timer, and software. */
struct {
	void (*isr)(const void *arg);
	const void *arg;
} isr_table[2] = {{tick, NULL}};

extern char exception_stubs[];
extern uint64_t gdt[];
void oops_stub(void);
void timer_stub(void);
void software_stub(void);

static void connect(unsigned int vector, uintptr_t stub, uint8_t stack)
{
	idt[vector] = (struct gate){
		(uint16_t)stub, CODE_SELECTOR, stack, INTERRUPT_GATE, (uint16_t)(stub >> 16), (uint32_t)(stub >> 32), 0};
}

static void load_task_state(void)
{
	uint64_t base = (uintptr_t)&tss;

	tss.ist[IRQ_STACK] = (uintptr_t)_kernel.cpus[0].irq_stack;
	tss.ist[EXC_STACK] = (uintptr_t)(exception_stack + sizeof(exception_stack));
	tss.io_map = sizeof(tss);
	gdt[TSS_SELECTOR / 8] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | TSS_AVAILABLE << 40 | (base >> 24 & 0xff) << 56;
	gdt[TSS_SELECTOR / 8 + 1] = base >> 32;
	__asm__ volatile("ltr %w0" : : "r"(TSS_SELECTOR) : "memory");
}

void arch_init(void)
{
	struct {
		uint16_t limit;
		const struct gate *table;
	} __attribute__((packed)) pointer = {sizeof(idt) - 1, idt};

	load_task_state();
	for (unsigned int vector = 0; vector < EXCEPTIONS; vector++) {
		connect(vector, (uintptr_t)exception_stubs + vector * STUB_SIZE, EXC_STACK);
	}
	connect(VECTOR_OOPS, (uintptr_t)oops_stub, EXC_STACK);
	connect(VECTOR_TIMER, (uintptr_t)timer_stub, IRQ_STACK);
	connect(VECTOR_SOFTWARE, (uintptr_t)software_stub, IRQ_STACK);
	__asm__ volatile("lidt %0" : : "m"(pointer));
	pc_init();
}

void arch_irq_connect(unsigned int irq, void (*isr)(const void *arg), const void *arg)
{
	(void)irq;
	isr_table[1].isr = isr;
	isr_table[1].arg = arg;
}

void arch_irq_pend(unsigned int irq)
{
	(void)irq;
	__asm__ volatile("int %0" : : "i"(VECTOR_SOFTWARE) : "memory");
}
