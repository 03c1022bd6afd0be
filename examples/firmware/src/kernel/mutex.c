/* A recursive mutex with an owner; no priority inheritance. */
#include "kernel/kernel.h"

#include "arch/arch.h"

void k_mutex_init(struct k_mutex *mutex)
{
	sys_dlist_init(&mutex->wait_q.waitq);
	mutex->owner = NULL;
	mutex->lock_count = 0;
}

int k_mutex_lock(struct k_mutex *mutex, int32_t timeout)
{
	unsigned int key = irq_lock();

	if (mutex->lock_count == 0 || mutex->owner == _current) {
		mutex->owner = _current;
		mutex->lock_count++;
		irq_unlock(key);
		return 0;
	}
	if (timeout == K_NO_WAIT) {
		irq_unlock(key);
		return -EBUSY;
	}
	return z_pend_curr(key, &mutex->wait_q, timeout);
}

int k_mutex_unlock(struct k_mutex *mutex)
{
	unsigned int key = irq_lock();

	if (mutex->owner != _current) {
		irq_unlock(key);
		return -EINVAL;
	}
	if (--mutex->lock_count > 0) {
		irq_unlock(key);
		return 0;
	}
	mutex->owner = z_unpend_first(&mutex->wait_q);
	if (mutex->owner == NULL) {
		irq_unlock(key);
		return 0;
	}
	mutex->lock_count = 1;
	z_ready_thread(mutex->owner);
	z_reschedule(key);
	return 0;
}
