/* What ARM64 needs of a thread (Zephyr's include/zephyr/arch/arm64/thread.h). */
#ifndef ARCH_ARM64_ARCH_THREAD_H
#define ARCH_ARM64_ARCH_THREAD_H

#include <stdint.h>

#define CONFIG_USE_SWITCH 1

/* What a switched-out thread needs to go on behind the call of z_arm64_context_switch(). */
struct _callee_saved {
	uint64_t x19;
	uint64_t x20;
	uint64_t x21;
	uint64_t x22;
	uint64_t x23;
	uint64_t x24;
	uint64_t x25;
	uint64_t x26;
	uint64_t x27;
	uint64_t x28;
	uint64_t x29;
	uint64_t sp_el0;
	uint64_t sp_elx;
	uint64_t lr;
};

/* The floating point registers of a thread that does not run, or of one that an interrupt came upon. */
struct z_arm64_fp_context {
	__int128 q[32];
	uint32_t fpsr, fpcr;
};

struct _thread_arch {
	struct z_arm64_fp_context saved_fp_context;
	uint8_t exception_depth;
};

/* The member of k_thread that debuggers are told to find the stack by. */
#define THREAD_SAVED_SP callee_saved.sp_elx

/* Exceptions are taken on the stack of the thread, and what stops a thread without a stack is one. */
#define CONFIG_STACK_HEADROOM 768
#define CONFIG_ISR_STACK_SIZE 2048

#define ARCH_STACK_ALIGN 16
#define ARCH_STACK_SIZE(bytes) (2 * (bytes) + 768)

#endif
