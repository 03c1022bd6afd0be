/* What clang calls instead of memcpy() and memset() (Run-time ABI for the Arm Architecture, 4.3.4). */
#include "libc.h"

#define ALIAS(name) __attribute__((alias(#name)))

void __aeabi_memcpy(void *to, const void *from, size_t size)
{
	memcpy(to, from, size);
}

void __aeabi_memset(void *to, size_t size, int byte)
{
	memset(to, byte, size);
}

void __aeabi_memclr(void *to, size_t size)
{
	memset(to, 0, size);
}

void __aeabi_memcpy4(void *to, const void *from, size_t size) ALIAS(__aeabi_memcpy);
void __aeabi_memcpy8(void *to, const void *from, size_t size) ALIAS(__aeabi_memcpy);
void __aeabi_memset4(void *to, size_t size, int byte) ALIAS(__aeabi_memset);
void __aeabi_memset8(void *to, size_t size, int byte) ALIAS(__aeabi_memset);
void __aeabi_memclr4(void *to, size_t size) ALIAS(__aeabi_memclr);
void __aeabi_memclr8(void *to, size_t size) ALIAS(__aeabi_memclr);
