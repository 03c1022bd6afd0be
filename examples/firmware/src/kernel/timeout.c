/* The tick: a list of timeouts, each relative to the one before it. */
#include "kernel/kernel.h"

#include "arch/arch.h"

static sys_dlist_t timeout_list = {{&timeout_list}, {&timeout_list}};
static uint32_t curr_tick;

static struct _timeout *first(void)
{
	sys_dnode_t *node = sys_dlist_peek_head(&timeout_list);

	return node == NULL ? NULL : CONTAINER_OF(node, struct _timeout, node);
}

void z_add_timeout(struct _timeout *timeout, _timeout_func_t fn, int32_t ticks)
{
	sys_dnode_t *successor = timeout_list.head;

	timeout->fn = fn;
	timeout->dticks = ticks + 1;
	while (successor != &timeout_list) {
		struct _timeout *other = CONTAINER_OF(successor, struct _timeout, node);

		if (other->dticks > timeout->dticks) {
			other->dticks -= timeout->dticks;
			break;
		}
		timeout->dticks -= other->dticks;
		successor = successor->next;
	}
	sys_dlist_insert(successor, &timeout->node);
}

void z_abort_timeout(struct _timeout *timeout)
{
	if (!sys_dnode_is_linked(&timeout->node)) {
		return;
	}
	if (timeout->node.next != &timeout_list) {
		CONTAINER_OF(timeout->node.next, struct _timeout, node)->dticks += timeout->dticks;
	}
	sys_dlist_remove(&timeout->node);
}

/* Runs in the interrupt of the system timer. */
void sys_clock_announce(void)
{
	unsigned int key = irq_lock();
	struct _timeout *timeout = first();

	curr_tick++;
	if (timeout != NULL) {
		timeout->dticks--;
	}
	while (timeout != NULL && timeout->dticks <= 0) {
		sys_dlist_remove(&timeout->node);
		timeout->fn(timeout);
		timeout = first();
	}
	z_reschedule(key);
}

uint32_t k_uptime_get_32(void)
{
	return curr_tick * (1000 / CONFIG_SYS_CLOCK_TICKS_PER_SEC);
}
