/* The Cortex-A53 on QEMU's virt board: inline functions of arch.h and what the files beside share (Armv8-A ARM, D17). */
#ifndef ARCH_ARM64_ARCH_CPU_H
#define ARCH_ARM64_ARCH_CPU_H

#define REG32(address) (*(volatile uint32_t *)(address))

#define ARCH_COREDUMP_TARGET 6
/* Interrupts that CPUs send each other. */
#define ARCH_SOFTWARE_IRQ 8
#define ARCH_URGENT_IRQ 9
#define ARCH_NOWHERE 0x60000000

/* What the entry of an exception leaves on the stack (Zephyr's include/zephyr/arch/arm64/exception.h). */
struct arch_esf {
	uint64_t x0;
	uint64_t x1;
	uint64_t x2;
	uint64_t x3;
	uint64_t x4;
	uint64_t x5;
	uint64_t x6;
	uint64_t x7;
	uint64_t x8;
	uint64_t x9;
	uint64_t x10;
	uint64_t x11;
	uint64_t x12;
	uint64_t x13;
	uint64_t x14;
	uint64_t x15;
	uint64_t x16;
	uint64_t x17;
	uint64_t x18;
	uint64_t lr;
	uint64_t spsr;
	uint64_t elr;
#if CONFIG_COREDUMP_ARCH_VERSION >= 2
	uint64_t fp;
#endif
} __attribute__((aligned(16)));

#define DAIF_IRQ (1U << 7)

static ALWAYS_INLINE unsigned int irq_lock(void)
{
	uint64_t key;

	__asm__ volatile("mrs %0, daif\n\tmsr daifset, #2" : "=r"(key) : : "memory");
	return (unsigned int)key;
}

static ALWAYS_INLINE void irq_unlock(unsigned int key)
{
	__asm__ volatile("msr daif, %0" : : "r"((uint64_t)key) : "memory");
}

static ALWAYS_INLINE bool arch_is_in_isr(void)
{
	return _kernel.cpus[0].nested != 0;
}

/* The way out of an interrupt looks whether somebody else is to run. */
static ALWAYS_INLINE void arch_pend_switch(void)
{
}

static ALWAYS_INLINE void arch_thread_return_value_set(struct k_thread *thread, int value)
{
	thread->swap_retval = value;
}

static ALWAYS_INLINE void arch_cpu_idle(void)
{
	__asm__ volatile("wfi");
}

/* The branch to itself keeps the return address inside the function that stops, also where nothing comes behind it. */
static ALWAYS_INLINE __attribute__((noreturn)) void arch_except(unsigned int reason)
{
	register uint64_t x8 __asm__("x8") = reason;

	__asm__ volatile("svc 2\n\tb ." : : "r"(x8) : "memory");
	__builtin_unreachable();
}

static ALWAYS_INLINE uintptr_t arch_esf_pc(const struct arch_esf *esf)
{
	return esf->elr;
}

static ALWAYS_INLINE uintptr_t arch_code_pointer(uintptr_t address)
{
	return address;
}

/* Stores what runs in `old` and goes on with `new`; comes back when somebody does the same the other way round. */
void z_arm64_context_switch(struct k_thread *new, struct k_thread *old);
/* Leaves the exception whose frame the stack pointer points at. */
void z_arm64_exit_exc(void);

void mmu_init(void);
void console_init(void);

#endif
