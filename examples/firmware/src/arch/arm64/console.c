/* The board's serial port (PL011), transmitting only. */
#include "arch/arch.h"

#define UART_DR REG32(0x09000000)
#define UART_FR REG32(0x09000018)
#define UART_CR REG32(0x09000030)

#define FR_TX_FULL (1U << 5)
#define CR_ENABLE 1U
#define CR_TX_ENABLE (1U << 8)

void console_init(void)
{
	UART_CR = CR_ENABLE | CR_TX_ENABLE;
}

void arch_console_put(char c)
{
	while ((UART_FR & FR_TX_FULL) != 0) {
	}
	UART_DR = (uint32_t)c;
}
