#include "uart.h"

#include "arch/cortex_m.h"

#define UART0_DATA REG32(0x40004000)
#define UART0_STATE REG32(0x40004004)
#define UART0_CTRL REG32(0x40004008)
#define UART0_BAUDDIV REG32(0x40004010)

#define STATE_TX_FULL 1U
#define CTRL_TX_ENABLE 1U
#define BAUD_DIVISOR 217 /* 115200 from 25 MHz */

void uart_init(void)
{
	UART0_BAUDDIV = BAUD_DIVISOR;
	UART0_CTRL = CTRL_TX_ENABLE;
}

void uart_puts(const char *text)
{
	for (; *text != '\0'; text++) {
		while ((UART0_STATE & STATE_TX_FULL) != 0) {
		}
		UART0_DATA = (uint32_t)*text;
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
	uart_puts(digits);
}

void uart_log_line(const char *level, const char *module, const char *text)
{
	uint32_t ms = k_uptime_get_32();

	uart_puts("[");
	put_padded(ms / 3600000 % 100, 2);
	uart_puts(":");
	put_padded(ms / 60000 % 60, 2);
	uart_puts(":");
	put_padded(ms / 1000 % 60, 2);
	uart_puts(".");
	put_padded(ms % 1000, 3);
	uart_puts(",000] <");
	uart_puts(level);
	uart_puts("> ");
	uart_puts(module);
	uart_puts(": ");
	uart_puts(text);
	uart_puts("\r\n");
}
