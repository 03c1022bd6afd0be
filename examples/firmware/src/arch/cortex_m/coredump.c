/* The architecture block (Zephyr's arch/arm/core/cortex_m/coredump.c); its version is CONFIG_COREDUMP_ARCH_VERSION. */
#include "arch/arch.h"

#include "coredump/coredump.h"

/* 1: no r4..r11; 2: with them; 3: and where threads keep theirs */
struct arm_arch_block {
	uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr, sp;
#if CONFIG_COREDUMP_ARCH_VERSION >= 2
	struct callee_registers callee;
#endif
#if CONFIG_COREDUMP_ARCH_VERSION >= 3
	uint32_t callee_info_valid;
	uint32_t callee_saved_offset;
#endif
};

_Static_assert(sizeof(struct arm_arch_block) == (CONFIG_COREDUMP_ARCH_VERSION == 1   ? 36
						 : CONFIG_COREDUMP_ARCH_VERSION == 2 ? 68
										     : 76),
	       "as Zephyr's");

void arch_coredump_info_dump(const struct arch_esf *esf)
{
	const struct basic_sf *basic = esf->basic;
	struct arm_arch_block block = {
		.r0 = basic->r0,
		.r1 = basic->r1,
		.r2 = basic->r2,
		.r3 = basic->r3,
		.r12 = basic->r12,
		.lr = basic->lr,
		.pc = basic->pc,
		.xpsr = basic->xpsr,
		.sp = esf->sp,
#if CONFIG_COREDUMP_ARCH_VERSION >= 2
		.callee = *esf->callee,
#endif
#if CONFIG_COREDUMP_ARCH_VERSION >= 3
		.callee_info_valid = 1,
		.callee_saved_offset = offsetof(struct k_thread, callee_saved),
#endif
	};

	coredump_block('A', CONFIG_COREDUMP_ARCH_VERSION, &block, sizeof(block));
}
