#include "console.h"

#include "arch/arch.h"

void console_puts(const char *text)
{
	for (; *text != '\0'; text++) {
		arch_console_put(*text);
	}
}

/* `width` decimal digits with leading zeros. */
static void put_padded(unsigned int number, int width)
{
	char digits[4] = {0};

	while (width > 0) {
		digits[--width] = (char)('0' + number % 10);
		number /= 10;
	}
	console_puts(digits);
}

void console_log_line(const char *level, const char *module, const char *text)
{
	uint32_t ms = k_uptime_get_32();

	console_puts("[");
	put_padded(ms / 3600000 % 100, 2);
	console_puts(":");
	put_padded(ms / 60000 % 60, 2);
	console_puts(":");
	put_padded(ms / 1000 % 60, 2);
	console_puts(".");
	put_padded(ms % 1000, 3);
	console_puts(",000] <");
	console_puts(level);
	console_puts("> ");
	console_puts(module);
	console_puts(": ");
	console_puts(text);
	console_puts("\r\n");
}
