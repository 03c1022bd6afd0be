/* The architecture block (Zephyr's arch/arm64/core/coredump.c); its version is CONFIG_COREDUMP_ARCH_VERSION. */
#include "arch/arch.h"

#include "coredump/coredump.h"
#include "fault.h"
#include "libc.h"

/* 1: as the frame, which has neither stack nor frame pointer; 2: with both; 3: with x19..x28 too */
struct arm64_arch_block {
	uint64_t x[19];
#if CONFIG_COREDUMP_ARCH_VERSION >= 3
	uint64_t callee[10];
#endif
	uint64_t lr, spsr, elr;
#if CONFIG_COREDUMP_ARCH_VERSION >= 2
	uint64_t fp, sp;
#endif
};

_Static_assert(sizeof(struct arm64_arch_block) == (CONFIG_COREDUMP_ARCH_VERSION == 1   ? 176
						   : CONFIG_COREDUMP_ARCH_VERSION == 2 ? 192
										       : 272),
	       "as Zephyr's");

void arch_coredump_info_dump(const struct arch_esf *esf)
{
	/* Static, as Zephyr's, and for its reason: it would be much of a stack. */
	static struct arm64_arch_block block;

	memcpy(block.x, esf, sizeof(block.x));
	block.lr = esf->lr;
	block.spsr = esf->spsr;
	block.elr = esf->elr;
#if CONFIG_COREDUMP_ARCH_VERSION >= 2
	block.fp = esf->fp;
	block.sp = (uint64_t)(esf + 1);
#endif
#if CONFIG_COREDUMP_ARCH_VERSION >= 3
	memcpy(block.callee, z_arm64_fault_callee, sizeof(block.callee));
#endif
	coredump_block('A', CONFIG_COREDUMP_ARCH_VERSION, &block, sizeof(block));
}
