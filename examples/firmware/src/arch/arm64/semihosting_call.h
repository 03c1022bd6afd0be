/* Asks the host for something: the trap of AArch64. */
#ifndef SEMIHOSTING_CALL_H
#define SEMIHOSTING_CALL_H

#include <stdint.h>

static inline intptr_t semihosting_call(uintptr_t operation, const void *argument)
{
	register uintptr_t x0 __asm__("x0") = operation;
	register const void *x1 __asm__("x1") = argument;

	__asm__ volatile("hlt 0xf000" : "+r"(x0) : "r"(x1) : "memory");
	return (intptr_t)x0;
}

#endif
