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

#ifdef CONFIG_FPU_SHARING
struct _preempt_float {
	float s16, s17, s18, s19, s20, s21, s22, s23, s24, s25, s26, s27, s28, s29, s30, s31;
};
#endif

struct _thread_arch {
	uint32_t basepri;
	uint32_t swap_return_value;
#ifdef CONFIG_FPU_SHARING
	struct _preempt_float preempt_float; /* of a thread that uses the FPU; the rest is in its exception frame */
	union {
		uint32_t mode;
		struct {
			uint8_t mode_bits;
			uint8_t mode_exc_return; /* low byte of EXC_RETURN: which kind of frame it has */
			uint16_t mode_reserved2;
		};
	};
#endif
};

#ifdef CONFIG_FPU_SHARING
#define THREAD_INFO_PREEMPT_FLOAT offsetof(struct _thread_arch, preempt_float)
#define THREAD_INFO_ARM_EXC_RETURN offsetof(struct _thread_arch, mode_exc_return)
#endif

/* The member of k_thread that debuggers are told to find the stack by. */
#define THREAD_SAVED_SP callee_saved.psp

/* What a thread must have left of its stack whenever it enters the scheduler: room for an exception frame and more. */
#define CONFIG_STACK_HEADROOM 224
#define CONFIG_ISR_STACK_SIZE 1024

/* Stacks are aligned as their guard has to be. */
#define ARCH_STACK_ALIGN 32
#define ARCH_STACK_SIZE(bytes) (bytes)

#endif
