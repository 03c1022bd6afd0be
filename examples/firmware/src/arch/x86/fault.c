/* Exceptions, and what software raises in their place. */
#include "arch/arch.h"

#include "fatal.h"

uint32_t z_x86_exception_vector;

void fault(const struct arch_esf *esf) __attribute__((noreturn));
void oops(const struct arch_esf *esf) __attribute__((noreturn));

void fault(const struct arch_esf *esf)
{
	z_fatal_error(K_ERR_CPU_EXCEPTION, esf);
}

/* The reason is what was pushed last. */
void oops(const struct arch_esf *esf)
{
	z_fatal_error(*(const uint32_t *)esf->esp, esf);
}
