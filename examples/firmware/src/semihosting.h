/* Arm semihosting (Semihosting for AArch32 and AArch64): files and arguments of the host that emulates the board. */
#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H

#include <stddef.h>

/* The command line, NUL terminated; an empty one when the host gives none. */
void semihosting_command_line(char *to, size_t size);
/* A handle of a file opened for binary writing, or -1. */
int semihosting_create(const char *path);
void semihosting_write(int handle, const void *bytes, size_t size);
void semihosting_close(int handle);
void semihosting_exit(void) __attribute__((noreturn));

#endif
