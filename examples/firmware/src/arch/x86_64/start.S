/*
 * From the Multiboot loader through 32-bit protected mode to long mode and C. Paging: the first two megabytes are as they
 * are, but for page 0; from the image's data on nothing can be executed; there is nothing else.
 */
#include "offsets.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0

#define CR0_PAGING 0x80000000
#define CR0_WRITE_PROTECT 0x10000
#define CR4_PAE 0x20
#define CR4_OSFXSR 0x200
#define EFER 0xc0000080
#define EFER_LONG_MODE 0x100
#define EFER_NO_EXECUTE 0x800

#define PRESENT_WRITABLE 3
#define NO_EXECUTE_HIGH 0x80000000
#define PAGES 512

	.section .multiboot, "a"
	.balign 4
	.long MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.data
	.balign 8
	.globl gdt
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff /* 32-bit code */
	.quad 0x00cf93000000ffff /* data */
	.quad 0x00af9b000000ffff /* 64-bit code */
	.quad 0, 0               /* task state, filled in by irq.c */
gdt_pointer:
	.word . - gdt - 1
	.quad gdt

	.balign 4
	.globl multiboot_information
	.type multiboot_information, @object
	.size multiboot_information, 4
multiboot_information:
	.long 0

	.section .pagetables, "aw", @nobits
	.balign 4096
level4:
	.skip 4096
level3:
	.skip 4096
level2:
	.skip 4096
level1:
	.skip 4096

	.text
	.code32
	.globl _start
	.type _start, @function
_start:
	cli
	movl %ebx, multiboot_information
	movl $_boot_stack_top, %esp
	movl $level3 + PRESENT_WRITABLE, level4
	movl $level2 + PRESENT_WRITABLE, level3
	movl $level1 + PRESENT_WRITABLE, level2
	movl $1, %ecx
.Lfill:
	movl %ecx, %eax
	shll $12, %eax
	xorl %edx, %edx
	cmpl $_image_ram_start, %eax
	jb 1f
	movl $NO_EXECUTE_HIGH, %edx
1:	orl $PRESENT_WRITABLE, %eax
	movl %eax, level1(, %ecx, 8)
	movl %edx, level1 + 4(, %ecx, 8)
	incl %ecx
	cmpl $PAGES, %ecx
	jne .Lfill

	movl %cr4, %eax
	orl $CR4_PAE | CR4_OSFXSR, %eax
	movl %eax, %cr4
	movl $level4, %eax
	movl %eax, %cr3
	movl $EFER, %ecx
	rdmsr
	orl $EFER_LONG_MODE | EFER_NO_EXECUTE, %eax
	wrmsr
	movl %cr0, %eax
	orl $CR0_PAGING | CR0_WRITE_PROTECT, %eax
	movl %eax, %cr0
	lgdt gdt_pointer
	ljmp $CODE_SELECTOR, $.Llong_mode

	.code64
.Llong_mode:
	movw $DATA_SELECTOR, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	movw %ax, %ss
	movl $_boot_stack_top, %esp
	xorl %ebp, %ebp
	fninit
	pushq $0
	jmp z_prep_c
	.size _start, . - _start
