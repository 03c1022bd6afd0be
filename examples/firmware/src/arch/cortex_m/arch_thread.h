/* What a Cortex-M needs of a thread (Zephyr's include/zephyr/arch/arm/thread.h). */
#ifndef ARCH_CORTEX_M_ARCH_THREAD_H
#define ARCH_CORTEX_M_ARCH_THREAD_H

#include <stdint.h>

/* What a switched-out thread keeps outside its own stack; `psp` points at its exception frame. */
struct _callee_saved {
	uint32_t v1; /* r4 */
	uint32_t v2;
	uint32_t v3;
	uint32_t v4;
	uint32_t v5;
	uint32_t v6;
	uint32_t v7;
	uint32_t v8; /* r11 */
	uint32_t psp;
};

struct _thread_arch {
	uint32_t basepri;
	uint32_t swap_return_value;
};

/* The member of k_thread that debuggers are told to find the stack by. */
#define THREAD_SAVED_SP callee_saved.psp

/* What a thread must have left of its stack whenever it enters the scheduler: room for an exception frame and more. */
#define CONFIG_STACK_HEADROOM 224
#define CONFIG_ISR_STACK_SIZE 1024

/* Stacks are aligned as their guard has to be. */
#define ARCH_STACK_ALIGN 32
#define ARCH_STACK_SIZE(bytes) (bytes)

#endif
