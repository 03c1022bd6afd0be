/* Who runs: one run queue ordered by priority, wait queues, and the stack check on the way into a switch. */
#include "kernel/kernel.h"

#include "arch/arch.h"
#include "fatal.h"

static struct k_thread *thread_of(sys_dnode_t *node)
{
	return CONTAINER_OF(node, struct k_thread, base.qnode_dlist);
}

/* Behind the threads of the same priority. */
static void insert_by_priority(sys_dlist_t *list, struct k_thread *thread)
{
	sys_dnode_t *successor = list->head;

	while (successor != list && thread_of(successor)->base.prio <= thread->base.prio) {
		successor = successor->next;
	}
	sys_dlist_insert(successor, &thread->base.qnode_dlist);
}

static void update_cache(void)
{
	sys_dnode_t *first = sys_dlist_peek_head(&_kernel.ready_q.runq);

	_kernel.ready_q.cache = first != NULL ? thread_of(first) : _kernel.cpus[0].idle_thread;
}

void z_ready_thread(struct k_thread *thread)
{
	if ((thread->base.thread_state & _THREAD_QUEUED) == 0) {
		thread->base.thread_state |= _THREAD_QUEUED;
		insert_by_priority(&_kernel.ready_q.runq, thread);
		update_cache();
	}
}

void z_unready_current(void)
{
	sys_dlist_remove(&_current->base.qnode_dlist);
	_current->base.thread_state &= (uint8_t)~_THREAD_QUEUED;
	update_cache();
}

void z_reschedule(unsigned int key)
{
	if (_current == NULL || _kernel.ready_q.cache == _current) {
		irq_unlock(key);
	} else if (arch_is_in_isr()) {
		arch_pend_switch();
		irq_unlock(key);
	} else {
		z_check_stack();
		arch_swap(key);
	}
}

void k_yield(void)
{
	unsigned int key = irq_lock();

	z_check_stack();
	sys_dlist_remove(&_current->base.qnode_dlist);
	insert_by_priority(&_kernel.ready_q.runq, _current);
	update_cache();
	z_reschedule(key);
}

static void unpend(struct k_thread *thread)
{
	sys_dlist_remove(&thread->base.qnode_dlist);
	thread->base.pended_on = NULL;
	thread->base.thread_state &= (uint8_t)~_THREAD_PENDING;
}

static void thread_timed_out(struct _timeout *timeout)
{
	struct k_thread *thread = CONTAINER_OF(timeout, struct k_thread, base.timeout);

	if (thread->base.pended_on != NULL) {
		unpend(thread);
	}
	thread->base.thread_state &= (uint8_t)~_THREAD_SLEEPING;
	z_ready_thread(thread);
}

/* Gives up the CPU until somebody unpends this thread (0) or time is up (-EAGAIN). */
int z_pend_curr(unsigned int key, _wait_q_t *wait_q, int32_t timeout)
{
	z_unready_current();
	_current->base.thread_state |= _THREAD_PENDING;
	_current->base.pended_on = wait_q;
	insert_by_priority(&wait_q->waitq, _current);
	if (timeout != K_FOREVER) {
		z_add_timeout(&_current->base.timeout, thread_timed_out, timeout);
	}
	z_check_stack();
	return arch_swap(key);
}

struct k_thread *z_unpend_first(_wait_q_t *wait_q)
{
	sys_dnode_t *first = sys_dlist_peek_head(&wait_q->waitq);

	if (first == NULL) {
		return NULL;
	}
	struct k_thread *thread = thread_of(first);

	unpend(thread);
	z_abort_timeout(&thread->base.timeout);
	arch_thread_return_value_set(thread, 0);
	return thread;
}

int32_t k_sleep(int32_t ms)
{
	unsigned int key = irq_lock();

	z_unready_current();
	_current->base.thread_state |= _THREAD_SLEEPING;
	z_add_timeout(&_current->base.timeout, thread_timed_out, ms * CONFIG_SYS_CLOCK_TICKS_PER_SEC / 1000);
	z_check_stack();
	return arch_swap(key) == -EAGAIN ? 0 : ms;
}

/*
 * A stack limit register in software: threads pass here whenever they may lose the CPU, and one that has less than
 * the headroom left is stopped while its call chain can still be read.
 */
void z_check_stack(void)
{
	uintptr_t left = (uintptr_t)__builtin_frame_address(0) - _current->stack_info.start;

	if (left < CONFIG_STACK_HEADROOM || left > _current->stack_info.size) {
		arch_except(K_ERR_STACK_CHK_FAIL);
	}
}
