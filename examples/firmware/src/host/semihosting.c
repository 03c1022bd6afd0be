/* Arm's semihosting, which RISC-V took over: files and arguments. Parameters are blocks of words as wide as a pointer. */
#include "host/host.h"

#include "libc.h"
#include "semihosting_call.h"

#define SYS_OPEN 0x01
#define SYS_CLOSE 0x02
#define SYS_WRITE 0x05
#define SYS_GET_CMDLINE 0x15
#define SYS_EXIT 0x18

#define MODE_WRITE_BINARY 5
#define ADP_STOPPED_APPLICATION_EXIT 0x20026

static intptr_t dump_file;

void host_command_line(char *to, size_t size)
{
	uintptr_t block[] = {(uintptr_t)to, size};

	if (semihosting_call(SYS_GET_CMDLINE, block) != 0) {
		to[0] = '\0';
	}
}

void host_dump_start(void)
{
	static const char path[] = "coredump.bin";
	uintptr_t block[] = {(uintptr_t)path, MODE_WRITE_BINARY, sizeof(path) - 1};

	dump_file = semihosting_call(SYS_OPEN, block);
}

void host_dump_write(const void *bytes, size_t size)
{
	uintptr_t block[] = {(uintptr_t)dump_file, (uintptr_t)bytes, size};

	semihosting_call(SYS_WRITE, block);
}

void host_dump_end(void)
{
	uintptr_t block[] = {(uintptr_t)dump_file};

	semihosting_call(SYS_CLOSE, block);
}

void host_exit(void)
{
	/* With 64-bit pointers the reason is in a block, else it is the argument itself. */
	uintptr_t block[] = {ADP_STOPPED_APPLICATION_EXIT, 0};

	semihosting_call(SYS_EXIT, sizeof(void *) == 8 ? (const void *)block : (const void *)block[0]);
	for (;;) {
	}
}
