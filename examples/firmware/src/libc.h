/* The few functions of the C library that this firmware needs. */
#ifndef LIBC_H
#define LIBC_H

#include <stdarg.h>
#include <stddef.h>

void *memset(void *to, int byte, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
char *strncpy(char *restrict to, const char *restrict from, size_t size);
/* %d %u %x %p %s %c %% only; always ends with a NUL; returns the length written. */
int snprintk(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
