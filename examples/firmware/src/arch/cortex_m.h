/* What the kernel asks of the Cortex-M3, and the registers it is asked through (Armv7-M ARM, B3). */
#ifndef ARCH_CORTEX_M_H
#define ARCH_CORTEX_M_H

#include "kernel/kernel.h"

#define REG32(address) (*(volatile uint32_t *)(address))

#define SYST_CSR REG32(0xE000E010)
#define SYST_RVR REG32(0xE000E014)
#define SYST_CVR REG32(0xE000E018)
#define NVIC_ISER0 REG32(0xE000E100)
#define NVIC_ISPR0 REG32(0xE000E200)
#define NVIC_IPR ((volatile uint8_t *)0xE000E400)
#define SCB_ICSR REG32(0xE000ED04)
#define SCB_CCR REG32(0xE000ED14)
#define SCB_SHPR ((volatile uint8_t *)0xE000ED14) /* indexed by exception number, from 4 */
#define SCB_SHCSR REG32(0xE000ED24)
#define SCB_CFSR REG32(0xE000ED28)
#define SCB_HFSR REG32(0xE000ED2C)
#define SCB_MMFAR REG32(0xE000ED34)
#define SCB_BFAR REG32(0xE000ED38)
#define MPU_CTRL REG32(0xE000ED94)
#define MPU_RBAR REG32(0xE000ED9C)
#define MPU_RASR REG32(0xE000EDA0)

#define ICSR_PENDSVSET (1U << 28)

/* What the hardware pushes when it takes an exception. */
struct arch_esf {
	uint32_t r0;
	uint32_t r1;
	uint32_t r2;
	uint32_t r3;
	uint32_t r12;
	uint32_t lr;
	uint32_t pc;
	uint32_t xpsr;
};

/* r4..r11 as they were when the exception was taken. */
struct callee_registers {
	uint32_t r[8];
};

/* Masks every interrupt of the kernel; faults and SVC stay possible. */
#define IRQ_LOCKED 0x20U

static ALWAYS_INLINE uint32_t irq_lock(void)
{
	uint32_t key;

	__asm__ volatile("mrs %0, basepri\n\tmsr basepri, %1\n\tisb" : "=&r"(key) : "r"(IRQ_LOCKED) : "memory");
	return key;
}

static ALWAYS_INLINE void irq_unlock(uint32_t key)
{
	__asm__ volatile("msr basepri, %0\n\tisb" : : "r"(key) : "memory");
}

static ALWAYS_INLINE uint32_t arch_exception_number(void)
{
	uint32_t ipsr;

	__asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
	return ipsr;
}

static ALWAYS_INLINE bool arch_is_in_isr(void)
{
	return arch_exception_number() != 0;
}

static ALWAYS_INLINE void arch_pend_switch(void)
{
	SCB_ICSR = ICSR_PENDSVSET;
}

/*
 * Stops the running thread with a reason of the kernel's (fatal.h). The branch to itself keeps the return address
 * of the SVC inside the function that called it, also where the compiler has nothing to put behind it.
 */
static ALWAYS_INLINE __attribute__((noreturn)) void arch_except(unsigned int reason)
{
	register unsigned int r0 __asm__("r0") = reason;

	__asm__ volatile("svc 2\n\tb ." : : "r"(r0) : "memory");
	__builtin_unreachable();
}

void arch_init(void);
int arch_swap(uint32_t key);
void arch_new_thread(struct k_thread *thread, void (*start)(k_thread_entry_t, void *, void *, void *));
void arch_start_first_thread(void) __attribute__((noreturn));
void arch_irq_connect(unsigned int irq, void (*isr)(const void *arg), const void *arg);
void arch_irq_pend(unsigned int irq);

/* Entries of the vector table */
void z_arm_pendsv(void);
void z_arm_svc(void);
void z_arm_exc_entry(void);
void sys_clock_isr(void);
void _isr_wrapper(void);

/* Memory protection */
void mpu_init(void);
void mpu_guard_thread(const struct k_thread *thread);
void mpu_disable(void);
bool mpu_is_guard(const struct k_thread *thread, uint32_t address);

#endif
