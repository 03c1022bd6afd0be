/*
 * Memory protection (Armv8-M ARM, B10). Regions cannot take away from each other as those of Armv7-M can, so that there
 * is no default map: what no region names cannot be touched, such as the null page. Stacks have a limit in PSPLIM.
 */
#include "arch/arch.h"

#define RBAR_READ_WRITE (0U << 1)
#define RBAR_READ_ONLY (2U << 1)
#define RBAR_NO_EXECUTE 1U
#define RLAR_ENABLE 1U
#define RLAR_DEVICE (1U << 1) /* the second attribute of MAIR0 */
#define MAIR_NORMAL_AND_DEVICE 0x0044U

extern char _code_start[];

static void configure(uint32_t region, uint32_t base, uint32_t last, uint32_t access, uint32_t kind)
{
	MPU_RNR = region;
	MPU_RBAR = base | access;
	MPU_RLAR = (last & ~31U) | kind | RLAR_ENABLE;
}

void mpu_init(void)
{
	MPU_MAIR0 = MAIR_NORMAL_AND_DEVICE;
	configure(0, (uint32_t)_code_start, 0x0000ffff, RBAR_READ_ONLY, 0);
	configure(1, RAM_START, RAM_START + 0xfffff, RBAR_READ_WRITE | RBAR_NO_EXECUTE, 0);
	/* With what is behind the peripherals, where nothing answers. */
	configure(2, 0x40000000, 0x7fffffff, RBAR_READ_WRITE | RBAR_NO_EXECUTE, RLAR_DEVICE);
	MPU_CTRL = 1; /* on, no default map; off inside HardFault */
	__asm__ volatile("dsb\n\tisb" : : : "memory");
}

void mpu_guard_thread(const struct k_thread *thread)
{
	__asm__ volatile("msr psplim, %0" : : "r"(thread->stack_info.start));
}

void arch_protection_off(void)
{
	MPU_CTRL = 0;
	__asm__ volatile("dsb\n\tisb" : : : "memory");
}
