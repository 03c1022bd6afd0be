/* What a 32-bit x86 needs of a thread (Zephyr's include/zephyr/arch/x86/ia32/thread.h). */
#ifndef ARCH_X86_ARCH_THREAD_H
#define ARCH_X86_ARCH_THREAD_H

#include <stdint.h>

/* All the rest of a switched-out thread is on its stack. */
struct _callee_saved {
	unsigned long esp;
};

struct _thread_arch {
	uint8_t flags;
};

/* The member of k_thread that debuggers are told to find the stack by. */
#define THREAD_SAVED_SP callee_saved.esp

/* What a thread must have left of its stack whenever it enters the scheduler: the dump is written on what is left. */
#define CONFIG_STACK_HEADROOM 640
#define CONFIG_ISR_STACK_SIZE 1536

#define ARCH_STACK_ALIGN 16
#define ARCH_STACK_SIZE(bytes) ((bytes) + CONFIG_STACK_HEADROOM)

#endif
