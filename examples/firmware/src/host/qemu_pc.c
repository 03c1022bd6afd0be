/* QEMU's PC: the debug console is a file, the power goes off by ACPI, and Multiboot hands over a command line. */
#include "host/host.h"

#include "libc.h"
#include "arch/x86/pc.h"

#define DEBUG_CONSOLE 0xe9
#define POWER_MANAGEMENT 0x604 /* where QEMU's firmware puts the PIIX4's control register */
#define SLEEP_SOFT_OFF 0x2000

#define MULTIBOOT_HAS_COMMAND_LINE 4U

void host_command_line(char *to, size_t size)
{
	const uint32_t *multiboot = (const uint32_t *)(uintptr_t)multiboot_information;

	to[0] = '\0';
	if ((multiboot[0] & MULTIBOOT_HAS_COMMAND_LINE) != 0) {
		strncpy(to, (const char *)(uintptr_t)multiboot[4], size - 1);
		to[size - 1] = '\0';
	}
}

void host_dump_start(void)
{
}

void host_dump_write(const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		out8(DEBUG_CONSOLE, ((const uint8_t *)bytes)[i]);
	}
}

void host_dump_end(void)
{
}

void host_exit(void)
{
	for (;;) {
		out16(POWER_MANAGEMENT, SLEEP_SOFT_OFF);
	}
}
