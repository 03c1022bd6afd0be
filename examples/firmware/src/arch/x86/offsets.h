/* Where assembler finds what it needs of the kernel; swap.c checks it. */
#ifndef ARCH_X86_OFFSETS_H
#define ARCH_X86_OFFSETS_H

#define KERNEL_NESTED 0
#define KERNEL_IRQ_STACK 4
#define KERNEL_CURRENT 8
#define KERNEL_READY_CACHE 20
#define THREAD_ESP 40

#define CODE_SELECTOR 0x08
#define DATA_SELECTOR 0x10

#endif
