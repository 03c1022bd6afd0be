/* Interrupt controllers (8259A), timer (8254) and serial port (16550) of a PC. */
#include "arch/arch.h"

#include "arch/x86/pc.h"

#define PIC1 0x20
#define PIC2 0xa0
#define PIC_INIT 0x11
#define PIC_8086 1
#define PIC_END_OF_INTERRUPT 0x20
#define PIC_TIMER_ONLY 0xfe

#define PIT_CHANNEL_0 0x40
#define PIT_COMMAND 0x43
#define PIT_RATE_GENERATOR 0x34
#define PIT_HZ 1193182

#define UART 0x3f8
#define UART_LINE_STATUS (UART + 5)
#define UART_TX_EMPTY 0x20

static void pic_init(uint16_t port, uint8_t first_vector, uint8_t wiring, uint8_t mask)
{
	out8(port, PIC_INIT);
	out8(port + 1, first_vector);
	out8(port + 1, wiring);
	out8(port + 1, PIC_8086);
	out8(port + 1, mask);
}

void pc_init(void)
{
	unsigned int divisor = PIT_HZ / CONFIG_SYS_CLOCK_TICKS_PER_SEC;

	pic_init(PIC1, VECTOR_TIMER, 4, PIC_TIMER_ONLY);
	pic_init(PIC2, VECTOR_TIMER + 8, 2, 0xff);
	out8(PIT_COMMAND, PIT_RATE_GENERATOR);
	out8(PIT_CHANNEL_0, (uint8_t)divisor);
	out8(PIT_CHANNEL_0, (uint8_t)(divisor >> 8));
}

void pc_end_of_interrupt(void)
{
	out8(PIC1, PIC_END_OF_INTERRUPT);
}

void arch_console_put(char c)
{
	while ((in8(UART_LINE_STATUS) & UART_TX_EMPTY) == 0) {
	}
	out8(UART, (uint8_t)c);
}
