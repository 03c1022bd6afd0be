/* The dump as a file on the host. */
#include "coredump/coredump.h"

#include "host/host.h"

void coredump_backend_start(void)
{
	host_dump_start();
}

void coredump_backend_output(const uint8_t *bytes, size_t size)
{
	host_dump_write(bytes, size);
}

void coredump_backend_end(void)
{
	host_dump_end();
}
