/* Paging: the first four megabytes are as they are, but for page 0, and there is nothing else. */
#include "arch/arch.h"

#define ENTRIES 1024
#define PRESENT_WRITABLE 3U
#define CR0_PAGING 0x80000000U

/* Not part of the image's RAM, and so of no dump. */
static uint32_t directory[ENTRIES] __attribute__((aligned(4096), section(".pagetables")));
static uint32_t table[ENTRIES] __attribute__((aligned(4096), section(".pagetables")));

void paging_init(void)
{
	uint32_t cr0;

	for (unsigned int page = 0; page < ENTRIES; page++) {
		directory[page] = page == 0 ? (uint32_t)table | PRESENT_WRITABLE : 0;
		table[page] = page == 0 ? 0 : page << 12 | PRESENT_WRITABLE;
	}
	__asm__ volatile("movl %1, %%cr3\n\t"
			 "movl %%cr0, %0\n\t"
			 "orl %2, %0\n\t"
			 "movl %0, %%cr0"
			 : "=&r"(cr0)
			 : "r"(directory), "i"(CR0_PAGING)
			 : "memory");
}

/* Nothing that is dumped is guarded. */
void arch_protection_off(void)
{
}
