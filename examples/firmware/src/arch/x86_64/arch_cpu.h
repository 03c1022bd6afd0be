/* A 64-bit PC: inline functions of arch.h, and what its own files share. */
#ifndef ARCH_X86_64_ARCH_CPU_H
#define ARCH_X86_64_ARCH_CPU_H

#include "arch/x86/pc.h"
#include "offsets.h"

#define ARCH_COREDUMP_TARGET 2
#define ARCH_SOFTWARE_IRQ 16
#define ARCH_NOWHERE 0x60000000

/* What an exception leaves on its stack, with what the entry adds to it (Zephyr's struct x86_esf). */
struct arch_esf {
#ifdef CONFIG_EXCEPTION_DEBUG
	uint64_t rbx, r12, r13, r14, r15;
#endif
	uint64_t rbp, rax, rcx, rdx, rsi, rdi, r8, r9, r10;
	char fxsave[FXSAVE_SIZE];
	uint64_t r11, vector, code;
	uint64_t rip, cs, rflags, rsp, ss;
};

static ALWAYS_INLINE unsigned int irq_lock(void)
{
	unsigned long key;

	__asm__ volatile("pushfq\n\tcli\n\tpopq %0" : "=g"(key) : : "memory");
	return (unsigned int)key;
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

/* The way out of an interrupt takes whoever is to run next. */
static ALWAYS_INLINE void arch_pend_switch(void)
{
}

static ALWAYS_INLINE void arch_thread_return_value_set(struct k_thread *thread, int value)
{
	thread->swap_retval = value;
}

static ALWAYS_INLINE void arch_cpu_idle(void)
{
	__asm__ volatile("sti\n\thlt");
}

static ALWAYS_INLINE __attribute__((noreturn)) void arch_except(unsigned int reason)
{
	/* The jump to itself keeps the return address inside the function that called it. */
	__asm__ volatile("int %1\n\tjmp ." : : "a"((uint64_t)reason), "i"(VECTOR_OOPS) : "memory");
	__builtin_unreachable();
}

static ALWAYS_INLINE uintptr_t arch_esf_pc(const struct arch_esf *esf)
{
	return esf->rip;
}

static ALWAYS_INLINE uintptr_t arch_code_pointer(uintptr_t address)
{
	return address;
}

#endif
