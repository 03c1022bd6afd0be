/* The board's first serial port (CMSDK APB UART), transmitting only. */
#include "arch/arch.h"

#define UART0_DATA REG32(0x40004000)
#define UART0_STATE REG32(0x40004004)
#define UART0_CTRL REG32(0x40004008)
#define UART0_BAUDDIV REG32(0x40004010)

#define STATE_TX_FULL 1U
#define CTRL_TX_ENABLE 1U
#define BAUD_DIVISOR 217 /* 115200 from 25 MHz */

void console_init(void)
{
	UART0_BAUDDIV = BAUD_DIVISOR;
	UART0_CTRL = CTRL_TX_ENABLE;
}

void arch_console_put(char c)
{
	while ((UART0_STATE & STATE_TX_FULL) != 0) {
	}
	UART0_DATA = (uint32_t)c;
}
