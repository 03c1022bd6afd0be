/* Asks the host for something: the sequence of RISC-V's semihosting specification, which must not be compressed or torn apart. */
#ifndef SEMIHOSTING_CALL_H
#define SEMIHOSTING_CALL_H

#include <stdint.h>

static inline intptr_t semihosting_call(uintptr_t operation, const void *argument)
{
	register uintptr_t a0 __asm__("a0") = operation;
	register const void *a1 __asm__("a1") = argument;

	__asm__ volatile(".balign 16\n\t"
			 ".option push\n\t"
			 ".option norvc\n\t"
			 "slli zero, zero, 0x1f\n\t"
			 "ebreak\n\t"
			 "srai zero, zero, 7\n\t"
			 ".option pop"
			 : "+r"(a0)
			 : "r"(a1)
			 : "memory");
	return (intptr_t)a0;
}

#endif
