/* Creating, listing and starting threads. */
#include "kernel/kernel.h"

#include "arch/arch.h"
#include "libc.h"

/* The first function of every thread: below it there is nothing. */
void z_thread_entry(k_thread_entry_t entry, void *p1, void *p2, void *p3)
{
	entry(p1, p2, p3);
	irq_lock();
	_current->base.thread_state |= _THREAD_DEAD;
	z_unready_current();
	arch_swap(0);
	__builtin_unreachable();
}

k_tid_t k_thread_create(struct k_thread *thread, char *stack, size_t size, k_thread_entry_t entry, void *p1, void *p2,
			void *p3, int prio, uint8_t options, const char *name)
{
	memset(thread, 0, sizeof(*thread));
	memset(stack, 0xaa, size);
	sys_dlist_init(&thread->join_queue.waitq);
	thread->base.prio = (int8_t)prio;
	thread->base.user_options = options;
	thread->base.thread_state = _THREAD_SLEEPING;
	thread->entry = (struct __thread_entry){entry, p1, p2, p3};
	thread->stack_info = (struct _thread_stack_info){(uintptr_t)stack, size, 0};
	strncpy(thread->name, name, sizeof(thread->name) - 1);

	arch_new_thread(thread, z_thread_entry);

	unsigned int key = irq_lock();
	thread->next_thread = _kernel.threads;
	_kernel.threads = thread;
	irq_unlock(key);
	return thread;
}

void k_thread_start(k_tid_t thread)
{
	unsigned int key = irq_lock();

	thread->base.thread_state &= (uint8_t)~_THREAD_SLEEPING;
	z_ready_thread(thread);
	z_reschedule(key);
}
