/* A 32-bit PC: inline functions of arch.h, and what its own files share. */
#ifndef ARCH_X86_ARCH_CPU_H
#define ARCH_X86_ARCH_CPU_H

#include "arch/x86/pc.h"

#define ARCH_COREDUMP_TARGET 1
#define ARCH_SOFTWARE_IRQ 16
#define ARCH_NOWHERE 0x60000000

/* What an exception leaves on the stack, with what the entry adds to it; `esp` is what it was before. */
struct arch_esf {
	uint32_t esp;
	uint32_t ebp;
	uint32_t ebx;
	uint32_t esi;
	uint32_t edi;
	uint32_t edx;
	uint32_t eax;
	uint32_t ecx;
	uint32_t error_code;
	uint32_t eip;
	uint32_t cs;
	uint32_t eflags;
};

static ALWAYS_INLINE unsigned int irq_lock(void)
{
	unsigned int key;

	__asm__ volatile("pushfl\n\tcli\n\tpopl %0" : "=g"(key) : : "memory");
	return key;
}

#define EFLAGS_IF 0x200U

static ALWAYS_INLINE void irq_unlock(unsigned int key)
{
	if ((key & EFLAGS_IF) != 0) {
		__asm__ volatile("sti" : : : "memory");
	}
}

static ALWAYS_INLINE bool arch_is_in_isr(void)
{
	return _kernel.cpus[0].nested != 0;
}

/* The way out of an interrupt looks at who is to run next. */
static ALWAYS_INLINE void arch_pend_switch(void)
{
}

/* It lies where the switch takes it from. */
static ALWAYS_INLINE void arch_thread_return_value_set(struct k_thread *thread, int value)
{
	*(int *)thread->callee_saved.esp = value;
}

static ALWAYS_INLINE void arch_cpu_idle(void)
{
	__asm__ volatile("sti\n\thlt");
}

/*
 * As Zephyr does it: the compiler does not learn of what is pushed. The jump to itself keeps the return address inside
 * the function that called it.
 */
static ALWAYS_INLINE __attribute__((noreturn)) void arch_except(unsigned int reason)
{
	__asm__ volatile("pushl %0\n\tint %1\n\tjmp ." : : "ir"(reason), "i"(VECTOR_OOPS) : "memory");
	__builtin_unreachable();
}

static ALWAYS_INLINE uintptr_t arch_esf_pc(const struct arch_esf *esf)
{
	return esf->eip;
}

static ALWAYS_INLINE uintptr_t arch_code_pointer(uintptr_t address)
{
	return address;
}

/* The vector of the last exception; Zephyr's block has it, and no handler is told. */
extern uint32_t z_x86_exception_vector;

void paging_init(void);

#endif
