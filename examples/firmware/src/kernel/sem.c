/* A counting semaphore. */
#include "kernel/kernel.h"

#include "arch/arch.h"

void k_sem_init(struct k_sem *sem, unsigned int initial, unsigned int limit)
{
	sys_dlist_init(&sem->wait_q.waitq);
	sem->count = initial;
	sem->limit = limit;
}

int k_sem_take(struct k_sem *sem, int32_t timeout)
{
	unsigned int key = irq_lock();

	if (sem->count > 0) {
		sem->count--;
		irq_unlock(key);
		return 0;
	}
	if (timeout == K_NO_WAIT) {
		irq_unlock(key);
		return -EBUSY;
	}
	return z_pend_curr(key, &sem->wait_q, timeout);
}

void k_sem_give(struct k_sem *sem)
{
	unsigned int key = irq_lock();
	struct k_thread *waiter = z_unpend_first(&sem->wait_q);

	if (waiter != NULL) {
		z_ready_thread(waiter);
	} else if (sem->count < sem->limit) {
		sem->count++;
	}
	z_reschedule(key);
}
