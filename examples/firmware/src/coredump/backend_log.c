/* The dump as log lines of hexadecimal digits between two markers, as Zephyr's logging backend writes it. */
#include "coredump/coredump.h"

#include "console.h"

#define BYTES_PER_LINE 32

static void line(const char *text)
{
	console_log_line("err", "coredump", text);
}

void coredump_backend_start(void)
{
	line("#CD:BEGIN#");
}

void coredump_backend_output(const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		char text[4 + 2 * BYTES_PER_LINE + 1] = "#CD:";
		char *digit = text + 4;
		size_t count = size < BYTES_PER_LINE ? size : BYTES_PER_LINE;

		for (size_t i = 0; i < count; i++) {
			*digit++ = "0123456789abcdef"[bytes[i] >> 4];
			*digit++ = "0123456789abcdef"[bytes[i] & 15];
		}
		line(text);
		bytes += count;
		size -= count;
	}
}

void coredump_backend_end(void)
{
	line("#CD:END#");
}
