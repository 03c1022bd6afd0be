/* Work queues: a thread each that does what it is given, in that order. */
#include "kernel/kernel.h"

#include "arch/arch.h"

static struct k_work *next_work(struct k_work_q *queue)
{
	unsigned int key = irq_lock();
	struct k_work *work = NULL;

	queue->flags &= ~(uint32_t)K_WORK_QUEUE_BUSY;
	while (queue->pending.head == NULL) {
		z_pend_curr(key, &queue->notifyq, K_FOREVER);
		key = irq_lock();
	}
	work = CONTAINER_OF(queue->pending.head, struct k_work, node);
	queue->pending.head = work->node.next;
	if (queue->pending.head == NULL) {
		queue->pending.tail = NULL;
	}
	queue->flags |= K_WORK_QUEUE_BUSY;
	work->flags = K_WORK_RUNNING;
	irq_unlock(key);
	return work;
}

static void work_queue_main(void *p1, void *p2, void *p3)
{
	struct k_work_q *queue = p1;

	(void)p2;
	(void)p3;
	for (;;) {
		struct k_work *work = next_work(queue);

		work->handler(work);
		work->flags &= ~(uint32_t)K_WORK_RUNNING;
	}
}

void k_work_init(struct k_work *work, k_work_handler_t handler)
{
	*work = (struct k_work){.handler = handler};
}

void k_work_queue_start(struct k_work_q *queue, char *stack, size_t size, int prio, const char *name)
{
	queue->pending = (sys_slist_t){NULL, NULL};
	sys_dlist_init(&queue->notifyq.waitq);
	sys_dlist_init(&queue->drainq.waitq);
	queue->flags = K_WORK_QUEUE_STARTED;
	k_thread_start(k_thread_create(&queue->thread, stack, size, work_queue_main, queue, NULL, NULL, prio, 0, name));
}

void k_work_submit_to_queue(struct k_work_q *queue, struct k_work *work)
{
	unsigned int key = irq_lock();
	struct k_thread *idle;

	if ((work->flags & K_WORK_QUEUED) != 0) {
		irq_unlock(key);
		return;
	}
	work->flags |= K_WORK_QUEUED;
	work->queue = queue;
	work->node.next = NULL;
	if (queue->pending.tail != NULL) {
		queue->pending.tail->next = &work->node;
	} else {
		queue->pending.head = &work->node;
	}
	queue->pending.tail = &work->node;
	idle = z_unpend_first(&queue->notifyq);
	if (idle != NULL) {
		z_ready_thread(idle);
	}
	z_reschedule(key);
}
