/* The architecture block (Zephyr's arch/x86/core/ia32/coredump.c). */
#include "arch/arch.h"

#include "coredump/coredump.h"

struct x86_arch_block {
	uint32_t vector, code;
	uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi, eip, eflags, cs;
#ifdef CONFIG_COREDUMP_CR3
	uint32_t cr3; /* in the first releases */
#endif
};

void arch_coredump_info_dump(const struct arch_esf *esf)
{
	struct x86_arch_block block = {
		.vector = z_x86_exception_vector,
		.code = esf->error_code,
		.eax = esf->eax,
		.ecx = esf->ecx,
		.edx = esf->edx,
		.ebx = esf->ebx,
		.esp = esf->esp,
		.ebp = esf->ebp,
		.esi = esf->esi,
		.edi = esf->edi,
		.eip = esf->eip,
		.eflags = esf->eflags,
		.cs = esf->cs & 0xffff,
	};

#ifdef CONFIG_COREDUMP_CR3
	__asm__("movl %%cr3, %0" : "=r"(block.cr3));
#endif
	coredump_block('A', CONFIG_COREDUMP_ARCH_VERSION, &block, sizeof(block));
}
