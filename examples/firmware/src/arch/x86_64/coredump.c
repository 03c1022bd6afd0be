/* The architecture block (Zephyr's arch/x86/core/intel64/coredump.c). */
#include "arch/arch.h"

#include "coredump/coredump.h"

struct x86_64_arch_block {
	uint64_t vector, code;
	uint64_t rax, rcx, rdx, rsi, rdi, rsp, r8, r9, r10, r11, rip, eflags, cs, ss, rbp;
#ifdef CONFIG_EXCEPTION_DEBUG
	uint64_t rbx, r12, r13, r14, r15;
#endif
};

void arch_coredump_info_dump(const struct arch_esf *esf)
{
	struct x86_64_arch_block block = {
		.vector = esf->vector,
		.code = esf->code,
		.rax = esf->rax,
		.rcx = esf->rcx,
		.rdx = esf->rdx,
		.rsi = esf->rsi,
		.rdi = esf->rdi,
		.rsp = esf->rsp,
		.r8 = esf->r8,
		.r9 = esf->r9,
		.r10 = esf->r10,
		.r11 = esf->r11,
		.rip = esf->rip,
		.eflags = esf->rflags,
		.cs = esf->cs & 0xffff,
		.ss = esf->ss,
		.rbp = esf->rbp,
#ifdef CONFIG_EXCEPTION_DEBUG
		.rbx = esf->rbx,
		.r12 = esf->r12,
		.r13 = esf->r13,
		.r14 = esf->r14,
		.r15 = esf->r15,
#endif
	};

	coredump_block('A', CONFIG_COREDUMP_ARCH_VERSION, &block, sizeof(block));
}
