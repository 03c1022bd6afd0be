/* The parts of a PC that both widths share. */
#ifndef ARCH_X86_PC_H
#define ARCH_X86_PC_H

#include <stdint.h>

/* Interrupt vectors: below 32 are the CPU's exceptions. */
#define VECTOR_OOPS 32
#define VECTOR_TIMER 48
#define VECTOR_SOFTWARE 64

static inline void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

/* What the boot loader left in EBX. */
extern uint32_t multiboot_information;

/* Interrupt controllers, timer and serial port. */
void pc_init(void);
void pc_end_of_interrupt(void);

#endif
