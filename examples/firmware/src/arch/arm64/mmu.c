/*
 * Memory protection (Armv8-A ARM, D8): what is mapped lies where it is, code cannot be written, the rest cannot be
 * executed. Nothing else is there: neither the null page nor what a stray pointer meets.
 */
#include "arch/arch.h"

#define PAGE 0x1000UL
#define BLOCK 0x200000UL
#define GIGABYTE 0x40000000UL
#define ENTRIES 512

#define DESC_BLOCK 1UL
#define DESC_TABLE 3UL
#define DESC_PAGE 3UL
#define DESC_DEVICE (0UL << 2)
#define DESC_NORMAL (1UL << 2)
#define DESC_READ_ONLY (1UL << 7)
#define DESC_INNER_SHAREABLE (3UL << 8)
#define DESC_ACCESSED (1UL << 10)
#define DESC_NEVER_EXECUTE (1UL << 53)

#define MAIR_NORMAL (0xffUL << 8) /* attribute 1; attribute 0 is a device's */
#define TCR_32_BITS (32UL | (1UL << 8) | (1UL << 10) | (3UL << 12) | (1UL << 23)) /* below 4 GiB; no upper half */
#define SCTLR_MMU (1UL << 0)
#define SCTLR_CACHE (1UL << 2)
#define SCTLR_INSTRUCTION_CACHE (1UL << 12)

extern char _text_end[], _image_ram_start[], _image_ram_end[];

/* Not part of the dumped image. */
#define TABLE __attribute__((aligned(PAGE), section(".noinit.tables")))
static TABLE uint64_t top[ENTRIES];
static TABLE uint64_t devices[ENTRIES];
static TABLE uint64_t memory[ENTRIES];
static TABLE uint64_t pages[ENTRIES];

static void map_pages(uintptr_t start, uintptr_t end, uint64_t attributes)
{
	for (uintptr_t page = start; page < end; page += PAGE) {
		pages[page % BLOCK / PAGE] = page | DESC_PAGE | DESC_NORMAL | DESC_INNER_SHAREABLE | DESC_ACCESSED | attributes;
	}
}

void mmu_init(void)
{
	extern char _image_start[];
	uint64_t control;

	for (size_t i = 0; i < ENTRIES; i++) {
		top[i] = devices[i] = memory[i] = pages[i] = 0;
	}
	top[0] = (uintptr_t)devices | DESC_TABLE;
	top[1] = (uintptr_t)memory | DESC_TABLE;
	for (uintptr_t block = 0x08000000; block < 0x0a000000; block += BLOCK) {
		devices[block / BLOCK] = block | DESC_BLOCK | DESC_DEVICE | DESC_ACCESSED | DESC_NEVER_EXECUTE;
	}
	memory[(uintptr_t)_image_start % GIGABYTE / BLOCK] = (uintptr_t)pages | DESC_TABLE;
	map_pages((uintptr_t)_image_start, (uintptr_t)_text_end, DESC_READ_ONLY);
	map_pages((uintptr_t)_image_ram_start & ~(PAGE - 1), (uintptr_t)_image_ram_end, DESC_NEVER_EXECUTE);
	__asm__ volatile("msr mair_el1, %0\n\tmsr tcr_el1, %1\n\tmsr ttbr0_el1, %2\n\tdsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb"
			 :
			 : "r"(MAIR_NORMAL), "r"(TCR_32_BITS), "r"(top)
			 : "memory");
	__asm__ volatile("mrs %0, sctlr_el1" : "=r"(control));
	control |= SCTLR_MMU | SCTLR_CACHE | SCTLR_INSTRUCTION_CACHE;
	__asm__ volatile("msr sctlr_el1, %0\n\tisb" : : "r"(control) : "memory");
}

/* Nothing is guarded. */
void arch_protection_off(void)
{
}
