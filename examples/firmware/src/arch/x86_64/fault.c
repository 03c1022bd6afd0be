/* Exceptions, and what software raises in their place. */
#include "arch/arch.h"

#include "fatal.h"

void fault(const struct arch_esf *esf) __attribute__((noreturn));

void fault(const struct arch_esf *esf)
{
	z_fatal_error(esf->vector == VECTOR_OOPS ? (unsigned int)esf->rax : K_ERR_CPU_EXCEPTION, esf);
}

/* Nothing that is dumped is guarded. */
void arch_protection_off(void)
{
}
