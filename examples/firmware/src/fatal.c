#include "fatal.h"

#include "coredump/coredump.h"
#include "semihosting.h"
#include "uart.h"

NOINLINE void assert_post_action(const char *message, const char *file, unsigned int line)
{
	uart_log("err", "os", "ASSERTION FAIL: %s @ %s:%u", message, file, line);
	k_panic();
}

void z_fatal_error(unsigned int reason, const struct arch_esf *frame, const struct callee_registers *callee,
		   uint32_t sp)
{
	uart_log("err", "os", ">>> FATAL ERROR %u on thread %s, pc 0x%x", reason, _current->name, (unsigned int)frame->pc);
	mpu_disable(); /* the dump reads stack guards too */
	coredump(reason, frame, callee, sp);
	semihosting_exit();
}
