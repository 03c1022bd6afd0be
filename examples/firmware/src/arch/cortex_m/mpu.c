/*
 * Memory protection (Armv7-M ARM, B3.5), over the default memory map for privileged code:
 * the null page and the lowest bytes of the running thread's stack cannot be touched, code not be written, RAM not be
 * executed.
 */
#include "arch/arch.h"

#define GUARD_SIZE 32U

#define RASR_ENABLE 1U
#define RASR_SIZE(log2) ((uint32_t)((log2) - 1) << 1)
#define RASR_NO_ACCESS (0U << 24)
#define RASR_READ_ONLY (6U << 24)
#define RASR_READ_WRITE (3U << 24)
#define RASR_NO_EXECUTE (1U << 28)
#define RASR_NORMAL_MEMORY (6U << 16)
/* Which of the eight equal parts of a region are left out. */
#define RASR_WITHOUT(parts) ((uint32_t)(parts) << 8)

enum region {
	REGION_CODE = 4,
	REGION_NULL_PAGE,
	REGION_RAM,
	REGION_STACK_GUARD, /* highest number: wins over RAM */
};

static void configure(enum region region, uint32_t base, uint32_t attributes)
{
	MPU_RBAR = base | (1U << 4) | (uint32_t)region;
	MPU_RASR = attributes | RASR_ENABLE;
}

void mpu_init(void)
{
	configure(REGION_CODE, 0, RASR_SIZE(16) | RASR_READ_ONLY | RASR_NORMAL_MEMORY);
	/* 0x00..0xBF is the vector table; the binary descriptors behind it stay readable. */
	configure(REGION_NULL_PAGE, 0, RASR_SIZE(8) | RASR_WITHOUT(0xC0) | RASR_NO_ACCESS | RASR_NO_EXECUTE);
	configure(REGION_RAM, 0x20000000,
		  RASR_SIZE(20) | RASR_READ_WRITE | RASR_NO_EXECUTE | RASR_NORMAL_MEMORY);
	MPU_CTRL = 5; /* on, default map for privileged code; off inside HardFault */
	__asm__ volatile("dsb\n\tisb" : : : "memory");
}

void mpu_guard_thread(const struct k_thread *thread)
{
	configure(REGION_STACK_GUARD, thread->stack_info.start, RASR_SIZE(5) | RASR_NO_ACCESS | RASR_NO_EXECUTE);
}

bool mpu_is_guard(const struct k_thread *thread, uint32_t address)
{
	return address - thread->stack_info.start < GUARD_SIZE;
}

void arch_protection_off(void)
{
	MPU_CTRL = 0;
	__asm__ volatile("dsb\n\tisb" : : : "memory");
}
