/* A thread that was never switched out, made to look like one that was (Zephyr's arch/x86/core/ia32/thread.c). */
#include "arch/arch.h"

#include "offsets.h"

_Static_assert(offsetof(struct z_kernel, cpus[0].nested) == KERNEL_NESTED, "offsets.h");
_Static_assert(offsetof(struct z_kernel, cpus[0].irq_stack) == KERNEL_IRQ_STACK, "offsets.h");
_Static_assert(offsetof(struct z_kernel, cpus[0].current) == KERNEL_CURRENT, "offsets.h");
_Static_assert(offsetof(struct z_kernel, ready_q.cache) == KERNEL_READY_CACHE, "offsets.h");
_Static_assert(offsetof(struct k_thread, callee_saved.esp) == THREAD_ESP, "offsets.h");

#define EFLAGS_INITIAL 0x202U

struct initial_frame {
	uint32_t swap_return_value;
	uint32_t ebp;
	uint32_t ebx;
	uint32_t esi;
	uint32_t edi;
	void (*return_address)(k_thread_entry_t, void *, void *, void *);
	uint32_t eflags; /* where the thread's function would return to */
	k_thread_entry_t entry;
	void *p1;
	void *p2;
	void *p3;
};

void arch_new_thread(struct k_thread *thread, void (*start)(k_thread_entry_t, void *, void *, void *))
{
	uintptr_t top = (thread->stack_info.start + thread->stack_info.size) & ~(uintptr_t)15;
	/* So that the stack is aligned as the ABI wants it: the argument `entry` at a multiple of 16. */
	struct initial_frame *frame = (struct initial_frame *)(top - 16 - offsetof(struct initial_frame, entry));

	*frame = (struct initial_frame){
		.return_address = start,
		.eflags = EFLAGS_INITIAL,
		.entry = thread->entry.pEntry,
		.p1 = thread->entry.parameter1,
		.p2 = thread->entry.parameter2,
		.p3 = thread->entry.parameter3,
	};
	thread->callee_saved.esp = (uintptr_t)frame;
}
