/* For the assembler; offsets.c checks them. */
#ifndef ARCH_ARM64_OFFSETS_H
#define ARCH_ARM64_OFFSETS_H

#if CONFIG_COREDUMP_ARCH_VERSION >= 2
#define ESF_SIZE 192
#else
#define ESF_SIZE 176
#endif
#define ESF_LR 152
#define ESF_SPSR 160
#define ESF_ELR 168
#define ESF_FP 176

#define THREAD_CALLEE_SAVED 72
#define THREAD_SWITCH_HANDLE 312

#define THREAD_FP 320

#define CPU_NESTED 0
#define CPU_IRQ_STACK 8
#define CPU_CURRENT 16

#ifdef __ASSEMBLER__
/* The floating point registers, into or out of a thread's structure. */
	.macro fp_registers instruction, thread, pointer
	add	\pointer, \thread, #THREAD_FP
	\instruction	q0, q1, [\pointer, #0]
	\instruction	q2, q3, [\pointer, #32]
	\instruction	q4, q5, [\pointer, #64]
	\instruction	q6, q7, [\pointer, #96]
	\instruction	q8, q9, [\pointer, #128]
	\instruction	q10, q11, [\pointer, #160]
	\instruction	q12, q13, [\pointer, #192]
	\instruction	q14, q15, [\pointer, #224]
	\instruction	q16, q17, [\pointer, #256]
	\instruction	q18, q19, [\pointer, #288]
	\instruction	q20, q21, [\pointer, #320]
	\instruction	q22, q23, [\pointer, #352]
	\instruction	q24, q25, [\pointer, #384]
	\instruction	q26, q27, [\pointer, #416]
	\instruction	q28, q29, [\pointer, #448]
	\instruction	q30, q31, [\pointer, #480]
	.endm
#endif

#endif
