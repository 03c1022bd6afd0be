/* The dump as a file on the host, in its working directory. */
#include "coredump/coredump.h"

#include "semihosting.h"

static int file;

void coredump_backend_start(void)
{
	file = semihosting_create("coredump.bin");
}

void coredump_backend_output(const uint8_t *bytes, size_t size)
{
	semihosting_write(file, bytes, size);
}

void coredump_backend_end(void)
{
	semihosting_close(file);
}
