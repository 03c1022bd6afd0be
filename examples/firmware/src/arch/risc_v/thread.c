/* Threads: as if they had been interrupted in front of their first instruction, and switched out behind that. */
#include "arch/arch.h"

void arch_new_thread(struct k_thread *thread, void (*start)(k_thread_entry_t, void *, void *, void *))
{
	uintptr_t top = (thread->stack_info.start + thread->stack_info.size) & ~(uintptr_t)15;
	struct arch_esf *frame = (struct arch_esf *)(top - sizeof(struct arch_esf));

	frame->ra = 0; /* nothing called it */
	frame->a0 = (unsigned long)thread->entry.pEntry;
	frame->a1 = (unsigned long)thread->entry.parameter1;
	frame->a2 = (unsigned long)thread->entry.parameter2;
	frame->a3 = (unsigned long)thread->entry.parameter3;
	frame->mepc = (unsigned long)start;
	frame->mstatus = MSTATUS_MPP_MACHINE | MSTATUS_MPIE;
	thread->callee_saved.sp = (unsigned long)frame;
	thread->callee_saved.ra = (unsigned long)z_riscv_thread_start;
	thread->switch_handle = thread;
}

NOINLINE int arch_swap(unsigned int key)
{
	struct k_thread *from = _current, *to = _kernel.ready_q.cache;

	from->swap_retval = -EAGAIN;
	if (to != from) {
		from->switch_handle = NULL;
		_current = to;
		z_riscv_switch(to, from);
	}
	irq_unlock(key);
	return from->swap_retval;
}

/* The stack that the reset left behind becomes the interrupt stack, and nobody returns to it. */
void arch_start_first_thread(void)
{
	static struct k_thread nobody;

	_current = _kernel.ready_q.cache;
	z_riscv_switch(_current, &nobody);
	__builtin_unreachable();
}
