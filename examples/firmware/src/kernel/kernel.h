/*
 * A tiny preemptive kernel for one CPU; what it asks of that CPU is in arch/arch.h.
 *
 * Structures carry Zephyr's names and member order (include/zephyr/kernel/thread.h, kernel_structs.h, kernel.h),
 * so that a core dump of this firmware is read exactly like one of Zephyr's. The code behind them is our own.
 */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch_thread.h"
#include "kernel/dlist.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))

#define EAGAIN 11
#define EBUSY 16
#define EINVAL 22
#define ENOMSG 80

#define K_NO_WAIT 0
#define K_FOREVER (-1)

#define CONFIG_THREAD_MAX_NAME_LEN 32
#define CONFIG_SYS_CLOCK_TICKS_PER_SEC 1000
#define K_LOWEST_THREAD_PRIO 15

typedef struct {
	sys_dlist_t waitq;
} _wait_q_t;

struct _timeout;
typedef void (*_timeout_func_t)(struct _timeout *timeout);

struct _timeout {
	sys_dnode_t node;
	_timeout_func_t fn;
	int32_t dticks; /* after the previous entry of the list */
};

/* Bits of _thread_base.thread_state */
#define _THREAD_DUMMY 0x01
#define _THREAD_PENDING 0x02
#define _THREAD_SLEEPING 0x04
#define _THREAD_DEAD 0x08
#define _THREAD_SUSPENDED 0x10
#define _THREAD_QUEUED 0x80

/* Bits of _thread_base.user_options */
#define K_ESSENTIAL 0x01

struct _thread_base {
	sys_dnode_t qnode_dlist; /* in the run queue or in the wait queue it is pended on */
	_wait_q_t *pended_on;
	uint8_t user_options;
	uint8_t thread_state;
	int8_t prio;
	uint8_t sched_locked;
	uint32_t order_key;
	void *swap_data;
	struct _timeout timeout;
};

typedef void (*k_thread_entry_t)(void *p1, void *p2, void *p3);

struct __thread_entry {
	k_thread_entry_t pEntry;
	void *parameter1;
	void *parameter2;
	void *parameter3;
};

struct _thread_stack_info {
	uintptr_t start;
	size_t size;
	size_t delta;
};

struct k_thread {
	struct _thread_base base;
	struct _callee_saved callee_saved;
	void *init_data;
	_wait_q_t join_queue;
	struct __thread_entry entry;
	struct k_thread *next_thread;
	char name[CONFIG_THREAD_MAX_NAME_LEN];
	struct _thread_stack_info stack_info;
#ifdef CONFIG_USE_SWITCH
	int swap_retval;
	void *switch_handle;
#endif
	struct _thread_arch arch;
};

typedef struct k_thread *k_tid_t;

struct _cpu {
	uint32_t nested;
	char *irq_stack;
	struct k_thread *current;
	struct k_thread *idle_thread;
	uint8_t id;
};

struct _ready_q {
	struct k_thread *cache; /* who runs next */
	sys_dlist_t runq;
};

struct z_kernel {
	struct _cpu cpus[1];
	struct _ready_q ready_q;
	struct k_thread *threads;
};

typedef struct z_kernel _kernel_t;
extern struct z_kernel _kernel;

#define _current (_kernel.cpus[0].current)

struct k_mutex {
	_wait_q_t wait_q;
	struct k_thread *owner;
	uint32_t lock_count;
};

struct k_sem {
	_wait_q_t wait_q;
	unsigned int count;
	unsigned int limit;
};

/* Messages of one size, copied into a ring. */
struct k_msgq {
	_wait_q_t wait_q;
	size_t msg_size;
	uint32_t max_msgs;
	char *buffer_start;
	char *buffer_end;
	char *read_ptr;
	char *write_ptr;
	uint32_t used_msgs;
	uint8_t flags;
};

typedef struct {
	int32_t ticks;
} k_timeout_t;

/* Calls a function in the timer interrupt, again and again. */
struct k_timer {
	struct _timeout timeout;
	_wait_q_t wait_q;
	void (*expiry_fn)(struct k_timer *timer);
	void (*stop_fn)(struct k_timer *timer);
	k_timeout_t period;
	uint32_t status; /* times expired */
	void *user_data;
};

struct _snode {
	struct _snode *next;
};

typedef struct _snode sys_snode_t;

struct _slist {
	sys_snode_t *head;
	sys_snode_t *tail;
};

typedef struct _slist sys_slist_t;

struct k_work;
struct k_work_q;
typedef void (*k_work_handler_t)(struct k_work *work);

/* Bits of k_work.flags */
#define K_WORK_RUNNING 0x01
#define K_WORK_QUEUED 0x04

/* Something that a work queue's thread shall do. */
struct k_work {
	sys_snode_t node;
	k_work_handler_t handler;
	struct k_work_q *queue;
	uint32_t flags;
};

/* Bits of k_work_q.flags */
#define K_WORK_QUEUE_STARTED 0x01
#define K_WORK_QUEUE_BUSY 0x02

struct k_work_q {
	struct k_thread thread;
	sys_slist_t pending;
	_wait_q_t notifyq;
	_wait_q_t drainq;
	uint32_t flags;
};

/* Blocks of one size. */
struct k_mem_slab {
	_wait_q_t wait_q;
	uint32_t num_blocks;
	size_t block_size;
	char *buffer;
	char *free_list;
	uint32_t num_used;
};

struct z_heap;

struct sys_heap {
	struct z_heap *heap;
	void *init_mem;
	size_t init_bytes;
};

/* Blocks of any size. */
struct k_heap {
	struct sys_heap heap;
	_wait_q_t wait_q;
};

/* Threads */
#define K_THREAD_STACK_DEFINE(symbol, bytes) \
	static char symbol[ARCH_STACK_SIZE(bytes)] __attribute__((aligned(ARCH_STACK_ALIGN), section(".noinit.stacks")))

k_tid_t k_thread_create(struct k_thread *thread, char *stack, size_t size, k_thread_entry_t entry, void *p1, void *p2,
			void *p3, int prio, uint8_t options, const char *name);
void k_thread_start(k_tid_t thread);
void k_yield(void);
int32_t k_sleep(int32_t ms);
uint32_t k_uptime_get_32(void);

/* Synchronization; `timeout` in ms, or K_NO_WAIT, or K_FOREVER. 0, -EBUSY or -EAGAIN. */
void k_mutex_init(struct k_mutex *mutex);
int k_mutex_lock(struct k_mutex *mutex, int32_t timeout);
int k_mutex_unlock(struct k_mutex *mutex);
void k_sem_init(struct k_sem *sem, unsigned int initial, unsigned int limit);
int k_sem_take(struct k_sem *sem, int32_t timeout);
void k_sem_give(struct k_sem *sem);

/* Messages; as above, also -ENOMSG where a queue is full. */
void k_msgq_init(struct k_msgq *queue, char *buffer, size_t msg_size, uint32_t max_msgs);
int k_msgq_put(struct k_msgq *queue, const void *message);
int k_msgq_get(struct k_msgq *queue, void *message, int32_t timeout);

/* Later, and elsewhere; times in ms. */
void k_timer_init(struct k_timer *timer, void (*expiry_fn)(struct k_timer *timer), void *user_data);
void k_timer_start(struct k_timer *timer, int32_t duration, int32_t period);
void k_work_init(struct k_work *work, k_work_handler_t handler);
void k_work_queue_start(struct k_work_q *queue, char *stack, size_t size, int prio, const char *name);
void k_work_submit_to_queue(struct k_work_q *queue, struct k_work *work);

/* Memory; NULL where there is no more. */
void k_mem_slab_init(struct k_mem_slab *slab, void *buffer, size_t block_size, uint32_t num_blocks);
void *k_mem_slab_alloc(struct k_mem_slab *slab);
void k_mem_slab_free(struct k_mem_slab *slab, void *block);
void k_heap_init(struct k_heap *heap, void *memory, size_t bytes);
void *k_heap_alloc(struct k_heap *heap, size_t bytes);
void k_heap_free(struct k_heap *heap, void *memory);

/* Between the parts of the kernel */
void z_ready_thread(struct k_thread *thread);
void z_unready_current(void);
int z_pend_curr(unsigned int key, _wait_q_t *wait_q, int32_t timeout);
struct k_thread *z_unpend_first(_wait_q_t *wait_q);
void z_reschedule(unsigned int key);
void z_add_timeout(struct _timeout *timeout, _timeout_func_t fn, int32_t ticks);
void z_abort_timeout(struct _timeout *timeout);
void z_check_stack(void);
void z_thread_entry(k_thread_entry_t entry, void *p1, void *p2, void *p3) __attribute__((noreturn));
extern char z_interrupt_stacks[CONFIG_ISR_STACK_SIZE];

/* Called by the architecture: at reset, on any stack and with all else uninitialized; and at every tick. */
void z_prep_c(void) __attribute__((noreturn));
void sys_clock_announce(void);

/* The application: what the main thread does. */
void app_main(void *p1, void *p2, void *p3);

#endif
