/*
 * What the kernel, the core dump and the station ask of an architecture. Each one has a folder beside this file:
 *
 *   arch_thread.h   what threads keep for it, in Zephyr's structures; sizes
 *   arch_cpu.h      the inline functions that are declared here, and whatever its own files share
 *   *.c, *.S        the other functions; reset, which ends in z_prep_c(); its one board
 *   firmware.ld     where code and data go
 *   arch.mk         how to compile for it, and how to run it
 *
 * Its folder is on the include path, so that nobody else needs to know its name.
 */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

#include "kernel/kernel.h"

/* The registers at an exception, and whatever else is known about it. */
struct arch_esf;

/* Interrupts. A key says whether they were locked already; faults stay possible while they are. */
static ALWAYS_INLINE unsigned int irq_lock(void);
static ALWAYS_INLINE void irq_unlock(unsigned int key);
static ALWAYS_INLINE bool arch_is_in_isr(void);
void arch_irq_connect(unsigned int irq, void (*isr)(const void *arg), const void *arg);
/* Raises an interrupt by software: ARCH_SOFTWARE_IRQ, or ARCH_URGENT_IRQ, which interrupts the others, where there is one. */
void arch_irq_pend(unsigned int irq);

/* Threads. What runs next is _kernel.ready_q.cache; who switches makes it _current. */
void arch_new_thread(struct k_thread *thread, void (*start)(k_thread_entry_t, void *, void *, void *));
void arch_start_first_thread(void) __attribute__((noreturn));
/* Called with interrupts locked; comes back, with `key` restored, when the thread runs again: the value its waker set, or -EAGAIN. */
int arch_swap(unsigned int key);
static ALWAYS_INLINE void arch_thread_return_value_set(struct k_thread *thread, int value);
/* From an interrupt: switch once the outermost one returns. */
static ALWAYS_INLINE void arch_pend_switch(void);
static ALWAYS_INLINE void arch_cpu_idle(void);

/* Fatal errors. A fault ends in z_fatal_error(); so does arch_except(), whose caller must be found at the PC. */
static ALWAYS_INLINE __attribute__((noreturn)) void arch_except(unsigned int reason);
static ALWAYS_INLINE uintptr_t arch_esf_pc(const struct arch_esf *esf);
/* Lets the dump read what is guarded. */
void arch_protection_off(void);
/* Writes the dump's architecture block with coredump_block(). ARCH_COREDUMP_TARGET is the header's target code. */
void arch_coredump_info_dump(const struct arch_esf *esf);

/* The board: interrupts, tick, memory protection, console. */
void arch_init(void);
void arch_console_put(char c);

/* Deliberate mistakes: ARCH_NOWHERE is an address at which there is nothing. */
static ALWAYS_INLINE uintptr_t arch_code_pointer(uintptr_t address);

#include "arch_cpu.h"

#endif
