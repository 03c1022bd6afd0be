/* QEMU's RISC-V `virt` board: inline functions of arch.h, and the registers behind them (RISC-V ISA manual, volume II). */
#ifndef ARCH_RISC_V_ARCH_CPU_H
#define ARCH_RISC_V_ARCH_CPU_H

#define REG8(address) (*(volatile uint8_t *)(address))
#define REG32(address) (*(volatile uint32_t *)(address))

#define CLINT_MSIP REG32(0x02000000)
#define CLINT_MTIMECMP_LOW REG32(0x02004000)
#define CLINT_MTIMECMP_HIGH REG32(0x02004004)
#define CLINT_MTIME_LOW REG32(0x0200bff8)
#define CLINT_MTIME_HIGH REG32(0x0200bffc)

#define IRQ_MACHINE_SOFTWARE 3
#define IRQ_MACHINE_TIMER 7

#define MSTATUS_MIE 0x8UL
#define MSTATUS_MPIE 0x80UL
#define MSTATUS_MPP_MACHINE 0x1800UL

#define ARCH_COREDUMP_TARGET 4
#define ARCH_SOFTWARE_IRQ IRQ_MACHINE_SOFTWARE
#define ARCH_NOWHERE 0x08000000

#define csr_read(csr)                                              \
	({                                                         \
		unsigned long value_;                              \
		__asm__ volatile("csrr %0, " #csr : "=r"(value_)); \
		value_;                                            \
	})
#define csr_write(csr, value) __asm__ volatile("csrw " #csr ", %0" : : "rK"((unsigned long)(value)) : "memory")
#define csr_set(csr, bits) __asm__ volatile("csrs " #csr ", %0" : : "rK"((unsigned long)(bits)) : "memory")

/* What _isr_wrapper puts on the stack of whom it interrupts (Zephyr's include/zephyr/arch/riscv/exception.h). */
struct arch_esf {
	unsigned long ra;
	unsigned long t0;
	unsigned long t1;
	unsigned long t2;
	unsigned long t3;
	unsigned long t4;
	unsigned long t5;
	unsigned long t6;
	unsigned long a0;
	unsigned long a1;
	unsigned long a2;
	unsigned long a3;
	unsigned long a4;
	unsigned long a5;
	unsigned long a6;
	unsigned long a7;
	unsigned long mepc;
	unsigned long mstatus;
	unsigned long s0;
} __attribute__((aligned(16)));

static ALWAYS_INLINE unsigned int irq_lock(void)
{
	unsigned long before;

	__asm__ volatile("csrrc %0, mstatus, %1" : "=r"(before) : "rK"(MSTATUS_MIE) : "memory");
	return (unsigned int)(before & MSTATUS_MIE);
}

static ALWAYS_INLINE void irq_unlock(unsigned int key)
{
	csr_set(mstatus, key);
}

static ALWAYS_INLINE bool arch_is_in_isr(void)
{
	return _kernel.cpus[0].nested != 0;
}

/* Whoever leaves the last interrupt looks for itself. */
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

/* The jump to itself keeps the address behind the ECALL inside the function that made it. */
static ALWAYS_INLINE __attribute__((noreturn)) void arch_except(unsigned int reason)
{
	register unsigned long a0 __asm__("a0") = reason;
	register unsigned long t0 __asm__("t0") = 0;

	__asm__ volatile("ecall\n\tj ." : : "r"(a0), "r"(t0) : "memory");
	__builtin_unreachable();
}

static ALWAYS_INLINE uintptr_t arch_esf_pc(const struct arch_esf *esf)
{
	return esf->mepc;
}

static ALWAYS_INLINE uintptr_t arch_code_pointer(uintptr_t address)
{
	return address;
}

/* isr.S */
void _isr_wrapper(void);
void z_riscv_switch(struct k_thread *to, struct k_thread *from);
void z_riscv_thread_start(void);

/* Called from there. */
unsigned int z_riscv_handle_irq(unsigned int irq);
struct k_thread *z_get_next_switch_handle(struct k_thread *interrupted);
void _Fault(const struct arch_esf *esf, const struct _callee_saved *saved) __attribute__((noreturn));
void z_riscv_fatal_error(unsigned int reason, const struct arch_esf *esf, const struct _callee_saved *saved)
	__attribute__((noreturn));

void sys_clock_start(void);
void pmp_init(void);
void console_init(void);

#endif
