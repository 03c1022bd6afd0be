/* What a RISC-V needs of a thread (Zephyr's include/zephyr/arch/riscv/thread.h). */
#ifndef ARCH_RISC_V_ARCH_THREAD_H
#define ARCH_RISC_V_ARCH_THREAD_H

#include <stdint.h>

/* Threads are switched by calling z_riscv_switch() with their switch handles, which are the threads themselves. */
#define CONFIG_USE_SWITCH 1

/* What a call leaves as it found it; a switched-out thread goes on behind its call of the switch. */
struct _callee_saved {
	unsigned long sp;
	unsigned long ra;
	unsigned long s0;
	unsigned long s1;
	unsigned long s2;
	unsigned long s3;
	unsigned long s4;
	unsigned long s5;
	unsigned long s6;
	unsigned long s7;
	unsigned long s8;
	unsigned long s9;
	unsigned long s10;
	unsigned long s11;
};

struct _thread_arch {
	char nothing;
};

/* The member of k_thread that debuggers are told to find the stack by. */
#define THREAD_SAVED_SP callee_saved.sp

/* What a thread must have left of its stack whenever it enters the scheduler: faults are handled on it, to the end of the dump. */
#define CONFIG_STACK_HEADROOM (__riscv_xlen * 24)
#define CONFIG_ISR_STACK_SIZE (__riscv_xlen * 64)

/* The ABI's alignment. Registers, frames and the exception frame are larger than those of a Cortex-M. */
#define ARCH_STACK_ALIGN 16
#define ARCH_STACK_SIZE(bytes) ((bytes) * (__riscv_xlen / 16))

#endif
