/* A message queue; who waits for a message gets it straight from its sender. */
#include "kernel/kernel.h"

#include "arch/arch.h"
#include "libc.h"

void k_msgq_init(struct k_msgq *queue, char *buffer, size_t msg_size, uint32_t max_msgs)
{
	sys_dlist_init(&queue->wait_q.waitq);
	queue->msg_size = msg_size;
	queue->max_msgs = max_msgs;
	queue->buffer_start = buffer;
	queue->buffer_end = buffer + msg_size * max_msgs;
	queue->read_ptr = buffer;
	queue->write_ptr = buffer;
	queue->used_msgs = 0;
	queue->flags = 0;
}

static char *after(const struct k_msgq *queue, char *message)
{
	message += queue->msg_size;
	return message == queue->buffer_end ? queue->buffer_start : message;
}

int k_msgq_put(struct k_msgq *queue, const void *message)
{
	unsigned int key = irq_lock();
	struct k_thread *waiter = z_unpend_first(&queue->wait_q);

	if (waiter != NULL) {
		memcpy(waiter->base.swap_data, message, queue->msg_size);
		z_ready_thread(waiter);
		z_reschedule(key);
		return 0;
	}
	if (queue->used_msgs == queue->max_msgs) {
		irq_unlock(key);
		return -ENOMSG;
	}
	memcpy(queue->write_ptr, message, queue->msg_size);
	queue->write_ptr = after(queue, queue->write_ptr);
	queue->used_msgs++;
	irq_unlock(key);
	return 0;
}

int k_msgq_get(struct k_msgq *queue, void *message, int32_t timeout)
{
	unsigned int key = irq_lock();

	if (queue->used_msgs > 0) {
		memcpy(message, queue->read_ptr, queue->msg_size);
		queue->read_ptr = after(queue, queue->read_ptr);
		queue->used_msgs--;
		irq_unlock(key);
		return 0;
	}
	if (timeout == K_NO_WAIT) {
		irq_unlock(key);
		return -ENOMSG;
	}
	_current->base.swap_data = message;
	return z_pend_curr(key, &queue->wait_q, timeout);
}
