/* Reasons to stop (Zephyr's include/zephyr/fatal_types.h and arch/arm/arch.h), and what stops. */
#ifndef FATAL_H
#define FATAL_H

#include <stdint.h>

#include "arch/cortex_m.h"

enum k_fatal_error_reason {
	K_ERR_CPU_EXCEPTION = 0,
	K_ERR_SPURIOUS_IRQ,
	K_ERR_STACK_CHK_FAIL,
	K_ERR_KERNEL_OOPS,
	K_ERR_KERNEL_PANIC,

	K_ERR_ARM_MEM_GENERIC = 16,
	K_ERR_ARM_MEM_STACKING,
	K_ERR_ARM_MEM_UNSTACKING,
	K_ERR_ARM_MEM_DATA_ACCESS,
	K_ERR_ARM_MEM_INSTRUCTION_ACCESS,
	K_ERR_ARM_MEM_FP_LAZY_STATE_PRESERVATION,

	K_ERR_ARM_BUS_GENERIC = 22,
	K_ERR_ARM_BUS_STACKING,
	K_ERR_ARM_BUS_UNSTACKING,
	K_ERR_ARM_BUS_PRECISE_DATA_BUS,
	K_ERR_ARM_BUS_IMPRECISE_DATA_BUS,
	K_ERR_ARM_BUS_INSTRUCTION_BUS,
	K_ERR_ARM_BUS_FP_LAZY_STATE_PRESERVATION,

	K_ERR_ARM_USAGE_GENERIC = 29,
	K_ERR_ARM_USAGE_DIV_0,
	K_ERR_ARM_USAGE_UNALIGNED_ACCESS,
	K_ERR_ARM_USAGE_STACK_OVERFLOW,
	K_ERR_ARM_USAGE_NO_COPROCESSOR,
	K_ERR_ARM_USAGE_ILLEGAL_EXC_RETURN,
	K_ERR_ARM_USAGE_ILLEGAL_EPSR,
	K_ERR_ARM_USAGE_UNDEFINED_INSTRUCTION,
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

/* Writes the core dump and ends the program; `sp` is the stack pointer before the exception. */
void z_fatal_error(unsigned int reason, const struct arch_esf *frame, const struct callee_registers *callee,
		   uint32_t sp) __attribute__((noreturn));

#endif
