/* Exceptions: the reason, then the core dump. RISC-V has no reasons of its own in Zephyr. */
#include "arch/arch.h"

#include "fatal.h"

/* What the exception frame does not have: s0..s11 at the crash, or NULL. */
const struct _callee_saved *z_riscv_fatal_saved;

void z_riscv_fatal_error(unsigned int reason, const struct arch_esf *esf, const struct _callee_saved *saved)
{
	z_riscv_fatal_saved = saved;
	z_fatal_error(reason, esf);
}

void _Fault(const struct arch_esf *esf, const struct _callee_saved *saved)
{
	z_riscv_fatal_error(K_ERR_CPU_EXCEPTION, esf, saved);
}
