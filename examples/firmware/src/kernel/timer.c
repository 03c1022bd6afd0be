/* Timers on the kernel's list of timeouts. */
#include "kernel/kernel.h"

#include "arch/arch.h"

static int32_t ticks(int32_t ms)
{
	return ms * CONFIG_SYS_CLOCK_TICKS_PER_SEC / 1000;
}

/* In the timer interrupt. */
static void expired(struct _timeout *timeout)
{
	struct k_timer *timer = CONTAINER_OF(timeout, struct k_timer, timeout);

	if (timer->period.ticks > 0) {
		z_add_timeout(timeout, expired, timer->period.ticks - 1);
	}
	timer->status++;
	timer->expiry_fn(timer);
}

void k_timer_init(struct k_timer *timer, void (*expiry_fn)(struct k_timer *timer), void *user_data)
{
	*timer = (struct k_timer){.expiry_fn = expiry_fn, .user_data = user_data};
	sys_dlist_init(&timer->wait_q.waitq);
}

void k_timer_start(struct k_timer *timer, int32_t duration, int32_t period)
{
	unsigned int key = irq_lock();

	z_abort_timeout(&timer->timeout);
	timer->period.ticks = ticks(period);
	timer->status = 0;
	z_add_timeout(&timer->timeout, expired, ticks(duration));
	irq_unlock(key);
}
