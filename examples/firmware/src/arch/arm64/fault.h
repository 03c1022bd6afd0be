/* Between the entry of faults and the dump. */
#ifndef ARCH_ARM64_FAULT_H
#define ARCH_ARM64_FAULT_H

#include <stdint.h>

struct arch_esf;

/* x19..x28 at the fault. */
extern uint64_t z_arm64_fault_callee[10];

/* What exception.S goes on with: any fault, and SVC, which comes with the reason in x8. */
void z_arm64_fatal_error(unsigned int reason, const struct arch_esf *esf) __attribute__((noreturn));
void z_arm64_do_kernel_oops(const struct arch_esf *esf) __attribute__((noreturn));

#endif
