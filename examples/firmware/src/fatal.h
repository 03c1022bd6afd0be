/* Reasons to stop (Zephyr's include/zephyr/fatal_types.h), and what stops. */
#ifndef FATAL_H
#define FATAL_H

#include "arch/arch.h"

enum k_fatal_error_reason {
	K_ERR_CPU_EXCEPTION = 0,
	K_ERR_SPURIOUS_IRQ,
	K_ERR_STACK_CHK_FAIL,
	K_ERR_KERNEL_OOPS,
	K_ERR_KERNEL_PANIC,

	K_ERR_ARCH_START = 16, /* an architecture's own reasons begin here */
};

#define k_oops() arch_except(K_ERR_KERNEL_OOPS)
#define k_panic() arch_except(K_ERR_KERNEL_PANIC)

#define __ASSERT(test, message)                                            \
	do {                                                               \
		if (!(test)) {                                             \
			assert_post_action(message, __FILE__, __LINE__);   \
		}                                                          \
	} while (false)

void assert_post_action(const char *message, const char *file, unsigned int line) __attribute__((noreturn));

/* Writes the core dump and ends the program. */
void z_fatal_error(unsigned int reason, const struct arch_esf *esf) __attribute__((noreturn));

#endif
