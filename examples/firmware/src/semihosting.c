#include "semihosting.h"

#include <stdint.h>

#include "libc.h"

#define SYS_OPEN 0x01
#define SYS_CLOSE 0x02
#define SYS_WRITE 0x05
#define SYS_GET_CMDLINE 0x15
#define SYS_EXIT 0x18

#define MODE_WRITE_BINARY 5
#define ADP_STOPPED_APPLICATION_EXIT 0x20026

static int call(int operation, const void *argument)
{
	register int r0 __asm__("r0") = operation;
	register const void *r1 __asm__("r1") = argument;

	__asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
	return r0;
}

void semihosting_command_line(char *to, size_t size)
{
	uint32_t block[] = {(uint32_t)to, size};

	if (call(SYS_GET_CMDLINE, block) != 0) {
		to[0] = '\0';
	}
}

int semihosting_create(const char *path)
{
	uint32_t block[] = {(uint32_t)path, MODE_WRITE_BINARY, strlen(path)};

	return call(SYS_OPEN, block);
}

void semihosting_write(int handle, const void *bytes, size_t size)
{
	uint32_t block[] = {(uint32_t)handle, (uint32_t)bytes, size};

	call(SYS_WRITE, block);
}

void semihosting_close(int handle)
{
	uint32_t block[] = {(uint32_t)handle};

	call(SYS_CLOSE, block);
}

void semihosting_exit(void)
{
	call(SYS_EXIT, (const void *)ADP_STOPPED_APPLICATION_EXIT);
	for (;;) {
	}
}
