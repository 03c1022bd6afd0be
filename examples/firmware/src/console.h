/* Text and log lines on the board's serial port. */
#ifndef CONSOLE_H
#define CONSOLE_H

void console_puts(const char *text);
/* `[hh:mm:ss.mmm,000] <level> module: text`, with the conversions of snprintk(). */
#define console_log(level, module, ...)                                   \
	do {                                                              \
		char line_[128];                                          \
		snprintk(line_, sizeof(line_), __VA_ARGS__);              \
		console_log_line(level, module, line_);                      \
	} while (0)
void console_log_line(const char *level, const char *module, const char *text);

#include "libc.h"

#endif
