/* From the Multiboot loader to C. */
#include "offsets.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0

	.section .multiboot, "a"
	.balign 4
	.long MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.section .rodata.gdt, "a"
	.balign 8
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff /* code, from 0 to the end */
	.quad 0x00cf93000000ffff /* data, the same */
gdt_pointer:
	.word . - gdt - 1
	.long gdt

	.data
	.balign 4
	.globl multiboot_information
	.type multiboot_information, @object
	.size multiboot_information, 4
multiboot_information:
	.long 0

	.text
	.globl _start
	.type _start, @function
_start:
	cli
	movl %ebx, multiboot_information
	lgdt gdt_pointer
	ljmp $CODE_SELECTOR, $1f
1:	movw $DATA_SELECTOR, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	movw %ax, %ss
	movl $_boot_stack_top, %esp
	xorl %ebp, %ebp
	fninit
	pushl $0
	jmp z_prep_c
	.size _start, . - _start
