/* The Cortex-M3 or M4 on an Arm MPS2+ board (AN385, AN386): inline functions of arch.h and the registers behind them (Armv7-M ARM, B3). */
#ifndef ARCH_CORTEX_M_ARCH_CPU_H
#define ARCH_CORTEX_M_ARCH_CPU_H

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
#define SCB_CPACR REG32(0xE000ED88)
#define MPU_CTRL REG32(0xE000ED94)
#define MPU_RBAR REG32(0xE000ED9C)
#define MPU_RASR REG32(0xE000EDA0)

#define ICSR_PENDSVSET (1U << 28)

#define ARCH_COREDUMP_TARGET 3
#define ARCH_SOFTWARE_IRQ 21
#define ARCH_URGENT_IRQ 22
#define ARCH_NOWHERE 0x60000000

/* What the hardware pushes when it takes an exception. */
struct basic_sf {
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

struct arch_esf {
	const struct basic_sf *basic;
	const struct callee_registers *callee;
	uint32_t sp; /* before the exception */
};

/* Masks every interrupt of the kernel; faults and SVC stay possible. */
#define IRQ_LOCKED 0x20U

static ALWAYS_INLINE unsigned int irq_lock(void)
{
	unsigned int key;

	__asm__ volatile("mrs %0, basepri\n\tmsr basepri, %1\n\tisb" : "=&r"(key) : "r"(IRQ_LOCKED) : "memory");
	return key;
}

static ALWAYS_INLINE void irq_unlock(unsigned int key)
{
	__asm__ volatile("msr basepri, %0\n\tisb" : : "r"(key) : "memory");
}

static ALWAYS_INLINE uint32_t exception_number(void)
{
	uint32_t ipsr;

	__asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
	return ipsr;
}

static ALWAYS_INLINE bool arch_is_in_isr(void)
{
	return exception_number() != 0;
}

static ALWAYS_INLINE void arch_pend_switch(void)
{
	SCB_ICSR = ICSR_PENDSVSET;
}

static ALWAYS_INLINE void arch_thread_return_value_set(struct k_thread *thread, int value)
{
	thread->arch.swap_return_value = (uint32_t)value;
}

static ALWAYS_INLINE void arch_cpu_idle(void)
{
	__asm__ volatile("wfi");
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

static ALWAYS_INLINE uintptr_t arch_esf_pc(const struct arch_esf *esf)
{
	return esf->basic->pc;
}

/* Bit 0 of a pointer to code says that it is Thumb code. */
static ALWAYS_INLINE uintptr_t arch_code_pointer(uintptr_t address)
{
	return address | 1;
}

/* Entries of the vector table */
void z_arm_pendsv(void);
void z_arm_svc(void);
void z_arm_exc_entry(void);
void sys_clock_isr(void);
void _isr_wrapper(void);

void console_init(void);

/* Memory protection */
void mpu_init(void);
void mpu_guard_thread(const struct k_thread *thread);
bool mpu_is_guard(const struct k_thread *thread, uint32_t address);

#endif
