#include "fatal.h"

#include "console.h"
#include "coredump/coredump.h"
#include "host/host.h"

NOINLINE void assert_post_action(const char *message, const char *file, unsigned int line)
{
	console_log("err", "os", "ASSERTION FAIL: %s @ %s:%u", message, file, line);
	k_panic();
}

void z_fatal_error(unsigned int reason, const struct arch_esf *esf)
{
	console_log("err", "os", ">>> FATAL ERROR %u on thread %s, pc %p", reason, _current->name,
		    (void *)arch_esf_pc(esf));
	arch_protection_off(); /* the dump reads stack guards too */
	coredump(reason, esf);
	host_exit();
}
