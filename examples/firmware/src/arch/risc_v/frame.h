/* Where assembly finds what in C's structures, in bytes; isr.c holds it against them. */
#ifndef ARCH_RISC_V_FRAME_H
#define ARCH_RISC_V_FRAME_H

#define REG (__riscv_xlen / 8)

/* struct arch_esf */
#define ESF_RA (0 * REG)
#define ESF_T0 (1 * REG)
#define ESF_T1 (2 * REG)
#define ESF_T2 (3 * REG)
#define ESF_T3 (4 * REG)
#define ESF_T4 (5 * REG)
#define ESF_T5 (6 * REG)
#define ESF_T6 (7 * REG)
#define ESF_A0 (8 * REG)
#define ESF_A1 (9 * REG)
#define ESF_A2 (10 * REG)
#define ESF_A3 (11 * REG)
#define ESF_A4 (12 * REG)
#define ESF_A5 (13 * REG)
#define ESF_A6 (14 * REG)
#define ESF_A7 (15 * REG)
#define ESF_MEPC (16 * REG)
#define ESF_MSTATUS (17 * REG)
#define ESF_S0 (18 * REG)
#define ESF_SIZE (20 * REG)

/* struct _callee_saved */
#define SAVED_SP (0 * REG)
#define SAVED_RA (1 * REG)
#define SAVED_S0 (2 * REG)
#define SAVED_S1 (3 * REG)
#define SAVED_S2 (4 * REG)
#define SAVED_S3 (5 * REG)
#define SAVED_S4 (6 * REG)
#define SAVED_S5 (7 * REG)
#define SAVED_S6 (8 * REG)
#define SAVED_S7 (9 * REG)
#define SAVED_S8 (10 * REG)
#define SAVED_S9 (11 * REG)
#define SAVED_S10 (12 * REG)
#define SAVED_S11 (13 * REG)
#define SAVED_SIZE (16 * REG) /* on a stack */

/* struct _cpu, which _kernel begins with */
#define CPU_NESTED 0
#define CPU_IRQ_STACK (1 * REG)
#define CPU_CURRENT (2 * REG)

/* struct k_thread */
#if __riscv_xlen == 64
#define THREAD_CALLEE_SAVED 72
#define THREAD_SWITCH_HANDLE 312
#else
#define THREAD_CALLEE_SAVED 40
#define THREAD_SWITCH_HANDLE 176
#endif

#endif
