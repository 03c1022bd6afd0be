/* What is done now and then: a heartbeat in the timer interrupt, work for the work queue, a watchdog over the shell. */
#include "app/station.h"

#include "arch/arch.h"
#include "console.h"
#include "fatal.h"

#define HEARTBEAT_MS 40

struct heartbeat {
	uint32_t beats;
	volatile uint32_t *led; /* toggled at every beat */
};

static volatile uint32_t led;
static struct heartbeat heartbeat = {0, &led};
static struct k_timer heartbeat_timer;

K_THREAD_STACK_DEFINE(work_stack, 512);
static struct k_work_q station_work_q;
static struct k_work tidy_work;
static struct k_work backup_work;

/* Who wants both locks the journal first; compacting does not know that. */
static struct k_mutex journal_mutex;
static struct k_mutex index_mutex;
static uint32_t journal_entries;

static NOINLINE void heartbeat_show(struct heartbeat *heart)
{
	*heart->led ^= 1;
	heart->beats++;
}

static void heartbeat_expired(struct k_timer *timer)
{
	heartbeat_show(timer->user_data);
	k_work_submit_to_queue(&station_work_q, &tidy_work);
}

static NOINLINE int journal_rewrite(struct k_mutex *first, struct k_mutex *second, uint32_t entries)
{
	int result;

	k_mutex_lock(first, K_FOREVER);
	k_sleep(5);
	result = k_mutex_lock(second, K_FOREVER);
	journal_entries += entries;
	k_mutex_unlock(second);
	k_mutex_unlock(first);
	return result;
}

static void tidy_handler(struct k_work *work)
{
	(void)work;
	journal_entries++;
}

static void backup_handler(struct k_work *work)
{
	(void)work;
	journal_rewrite(&journal_mutex, &index_mutex, 2);
}

int journal_compact(void)
{
	return journal_rewrite(&index_mutex, &journal_mutex, 3);
}

void journal_backup(void)
{
	k_work_submit_to_queue(&station_work_q, &backup_work);
}

void housekeeping_start(void)
{
	k_mutex_init(&journal_mutex);
	k_mutex_init(&index_mutex);
	k_work_init(&tidy_work, tidy_handler);
	k_work_init(&backup_work, backup_handler);
	k_work_queue_start(&station_work_q, work_stack, sizeof(work_stack), 7, "workq");
	k_timer_init(&heartbeat_timer, heartbeat_expired, &heartbeat);
	k_timer_start(&heartbeat_timer, HEARTBEAT_MS, HEARTBEAT_MS);
}

void heartbeat_lose_led(void)
{
	heartbeat.led = (volatile uint32_t *)ARCH_NOWHERE;
}

NOINLINE void watchdog_check(const char *who, uint32_t waiting_ms)
{
	__ASSERT(waiting_ms < WATCHDOG_MS, "task watchdog expired");
	console_log("inf", "watchdog", "%s waits since %u ms", who, (unsigned int)waiting_ms);
}
