/* Synchronous exceptions that are no interrupts; Zephyr tells them apart by nothing but who asked for them. */
#include "arch/arch.h"

#include "fatal.h"
#include "fault.h"

uint64_t z_arm64_fault_callee[10];

void z_arm64_fatal_error(unsigned int reason, const struct arch_esf *esf)
{
	z_fatal_error(reason, esf);
}

void z_arm64_do_kernel_oops(const struct arch_esf *esf)
{
	z_arm64_fatal_error((unsigned int)esf->x8, esf);
}
