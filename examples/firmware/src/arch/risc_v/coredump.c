/* The architecture block (Zephyr's arch/riscv/core/coredump.c); its version is CONFIG_COREDUMP_ARCH_VERSION. */
#include "arch/arch.h"

#include "coredump/coredump.h"

extern const struct _callee_saved *z_riscv_fatal_saved;

static unsigned long sp_before(const struct arch_esf *esf)
{
	return (unsigned long)(esf + 1);
}

#if CONFIG_COREDUMP_ARCH_VERSION <= 2

/* 1 and 2: what the exception frame has but for s0, and later sp. Nobody fills in tp. */
void arch_coredump_info_dump(const struct arch_esf *esf)
{
	unsigned long block[] = {
		esf->ra, 0,	  esf->t0, esf->t1, esf->t2, esf->a0, esf->a1, esf->a2, esf->a3, esf->a4,
		esf->a5, esf->a6, esf->a7, esf->t3, esf->t4, esf->t5, esf->t6, esf->mepc,
#ifdef CONFIG_COREDUMP_SP
		sp_before(esf),
#endif
	};

	(void)sp_before;
	coredump_block('A', CONFIG_COREDUMP_ARCH_VERSION, block, sizeof(block));
}

#else

/* 3 and 4: x0..x31 and pc; zeros for what was not captured. */
void arch_coredump_info_dump(const struct arch_esf *esf)
{
	static const struct _callee_saved not_captured;
	const struct _callee_saved *saved = z_riscv_fatal_saved != NULL ? z_riscv_fatal_saved : &not_captured;
	unsigned long gp, tp;

	__asm__("mv %0, gp" : "=r"(gp));
	__asm__("mv %0, tp" : "=r"(tp));

	unsigned long block[] = {
		0,	   esf->ra,   sp_before(esf), gp,	 tp,	    esf->t0,   esf->t1,	   esf->t2,   esf->s0,
		saved->s1, esf->a0,   esf->a1,	      esf->a2,	 esf->a3,   esf->a4,   esf->a5,	   esf->a6,   esf->a7,
		saved->s2, saved->s3, saved->s4,      saved->s5, saved->s6, saved->s7, saved->s8,  saved->s9, saved->s10,
		saved->s11, esf->t3,  esf->t4,	      esf->t5,	 esf->t6,   esf->mepc,
	};

	coredump_block('A', CONFIG_COREDUMP_ARCH_VERSION, block, sizeof(block));
}

#endif
