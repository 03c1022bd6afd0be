/* Switching threads by call, the way Zephyr's port does: what must survive goes to callee_saved (switch.S). */
#include "arch/arch.h"

#define SPSR_EL1H 5U

void arch_new_thread(struct k_thread *thread, void (*start)(k_thread_entry_t, void *, void *, void *))
{
	uintptr_t top = (thread->stack_info.start + thread->stack_info.size) & ~(uintptr_t)15;
	struct arch_esf *frame = (struct arch_esf *)(top - sizeof(struct arch_esf));

	*frame = (struct arch_esf){
		.x0 = (uint64_t)thread->entry.pEntry,
		.x1 = (uint64_t)thread->entry.parameter1,
		.x2 = (uint64_t)thread->entry.parameter2,
		.x3 = (uint64_t)thread->entry.parameter3,
		.elr = (uint64_t)start,
		.spsr = SPSR_EL1H,
	};
	/* It is born by returning from an exception that never was. */
	thread->callee_saved.sp_elx = (uint64_t)frame;
	thread->callee_saved.lr = (uint64_t)z_arm64_exit_exc;
	thread->switch_handle = thread;
}

NOINLINE int arch_swap(unsigned int key)
{
	struct k_thread *old = _current;

	old->swap_retval = -EAGAIN;
	if (_kernel.ready_q.cache != old) {
		_current = _kernel.ready_q.cache;
		z_arm64_context_switch(_current->switch_handle, old);
	}
	irq_unlock(key);
	return _current->swap_retval;
}

/* On the way out of the outermost interrupt: who runs next, NULL for who was interrupted. */
struct k_thread *z_get_next_switch_handle(void)
{
	struct k_thread *next = _kernel.ready_q.cache;

	if (next == _current) {
		return NULL;
	}
	_current = next;
	return next->switch_handle;
}

/* Leaves the reset stack for good: it becomes the interrupt stack. */
void arch_start_first_thread(void)
{
	static struct k_thread nobody;

	_current = _kernel.ready_q.cache;
	z_arm64_context_switch(_current->switch_handle, &nobody);
	__builtin_unreachable();
}
