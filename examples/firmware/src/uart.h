/* The board's first serial port (CMSDK APB UART), transmitting only, and log lines on it. */
#ifndef UART_H
#define UART_H

void uart_init(void);
void uart_puts(const char *text);
/* `[hh:mm:ss.mmm,000] <level> module: text`, with the conversions of snprintk(). */
#define uart_log(level, module, ...)                                      \
	do {                                                              \
		char line_[128];                                          \
		snprintk(line_, sizeof(line_), __VA_ARGS__);              \
		uart_log_line(level, module, line_);                      \
	} while (0)
void uart_log_line(const char *level, const char *module, const char *text);

#include "libc.h"

#endif
