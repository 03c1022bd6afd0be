#include "libc.h"

#include <stdint.h>

void *memset(void *to, int byte, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		((unsigned char *)to)[i] = (unsigned char)byte;
	}
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
	}
	return to;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0') {
		length++;
	}
	return length;
}

int strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

char *strncpy(char *restrict to, const char *restrict from, size_t size)
{
	size_t i = 0;

	for (; i < size && from[i] != '\0'; i++) {
		to[i] = from[i];
	}
	for (; i < size; i++) {
		to[i] = '\0';
	}
	return to;
}

struct sink {
	char *to;
	size_t room;
	int length;
};

static void put(struct sink *sink, char c)
{
	if (sink->room > 1) {
		*sink->to++ = c;
		sink->room--;
		sink->length++;
	}
}

static void put_number(struct sink *sink, uintptr_t number, unsigned int base)
{
	char digits[20];
	int count = 0;

	do {
		digits[count++] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number > 0);
	while (count > 0) {
		put(sink, digits[--count]);
	}
}

int snprintk(char *to, size_t size, const char *format, ...)
{
	struct sink sink = {to, size, 0};
	va_list arguments;

	va_start(arguments, format);
	for (; *format != '\0'; format++) {
		if (*format != '%') {
			put(&sink, *format);
			continue;
		}
		switch (*++format) {
		case 'd': {
			int number = va_arg(arguments, int);

			if (number < 0) {
				put(&sink, '-');
			}
			put_number(&sink, number < 0 ? 0U - (unsigned int)number : (unsigned int)number, 10);
			break;
		}
		case 'u':
			put_number(&sink, va_arg(arguments, unsigned int), 10);
			break;
		case 'x':
			put_number(&sink, va_arg(arguments, unsigned int), 16);
			break;
		case 'p':
			put(&sink, '0');
			put(&sink, 'x');
			put_number(&sink, (uintptr_t)va_arg(arguments, void *), 16);
			break;
		case 'c':
			put(&sink, (char)va_arg(arguments, int));
			break;
		case 's':
			for (const char *text = va_arg(arguments, const char *); *text != '\0'; text++) {
				put(&sink, *text);
			}
			break;
		default:
			put(&sink, *format);
		}
	}
	va_end(arguments);
	if (size > 0) {
		*sink.to = '\0';
	}
	return sink.length;
}
