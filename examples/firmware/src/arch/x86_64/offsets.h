/* Where assembler finds what it needs of the kernel; swap.c checks it. */
#ifndef ARCH_X86_64_OFFSETS_H
#define ARCH_X86_64_OFFSETS_H

#define KERNEL_NESTED 0
#define KERNEL_IRQ_STACK 8
#define KERNEL_CURRENT 16
#define KERNEL_READY_CACHE 40
#define THREAD_RSP 72
#define THREAD_RBX 80
#define THREAD_RBP 88
#define THREAD_R12 96
#define THREAD_R13 104
#define THREAD_R14 112
#define THREAD_R15 120
#define THREAD_RIP 128
#define THREAD_RFLAGS 136
#define THREAD_SWITCH_HANDLE 272
#define THREAD_FLAGS 288
#define THREAD_RAX 296
#define THREAD_RCX 304
#define THREAD_RDX 312
#define THREAD_RSI 320
#define THREAD_RDI 328
#define THREAD_R8 336
#define THREAD_R9 344
#define THREAD_R10 352
#define THREAD_R11 360
#define THREAD_SSE 368

#define CODE32_SELECTOR 0x08
#define DATA_SELECTOR 0x10
#define CODE_SELECTOR 0x18
#define TSS_SELECTOR 0x20

#define FXSAVE_SIZE 512

#endif
