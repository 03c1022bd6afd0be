/* What a 64-bit x86 needs of a thread (Zephyr's include/zephyr/arch/x86/intel64/thread.h). */
#ifndef ARCH_X86_64_ARCH_THREAD_H
#define ARCH_X86_64_ARCH_THREAD_H

#include <stdint.h>

#define CONFIG_USE_SWITCH 1

/* What a switch saves, and an interrupt too. */
struct _callee_saved {
	uint64_t rsp;
	uint64_t rbx;
	uint64_t rbp;
	uint64_t r12;
	uint64_t r13;
	uint64_t r14;
	uint64_t r15;
	uint64_t rip;
	uint64_t rflags;
};

#define X86_THREAD_FLAG_ALL 1 /* of `flags`: the rest is valid */

/* What an interrupt saves besides. */
struct _thread_arch {
	uint8_t flags;
	uint64_t rax;
	uint64_t rcx;
	uint64_t rdx;
	uint64_t rsi;
	uint64_t rdi;
	uint64_t r8;
	uint64_t r9;
	uint64_t r10;
	uint64_t r11;
	char sse[512] __attribute__((aligned(16)));
};

/* The member of k_thread that debuggers are told to find the stack by. */
#define THREAD_SAVED_SP callee_saved.rsp

/* What a thread must have left of its stack whenever it enters the scheduler; exceptions have a stack of their own. */
#define CONFIG_STACK_HEADROOM 768
#define CONFIG_ISR_STACK_SIZE 2048

#define ARCH_STACK_ALIGN 16
#define ARCH_STACK_SIZE(bytes) (2 * (bytes))

#endif
