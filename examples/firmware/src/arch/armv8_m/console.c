/* The board keeps its serial ports to the Secure state: there is nothing to print to. */
#include "arch/arch.h"

void console_init(void)
{
}

void arch_console_put(char c)
{
	(void)c;
}
