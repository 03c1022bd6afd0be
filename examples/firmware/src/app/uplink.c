/* Sends the readings away once it may touch the storage; and the update thread, which waits to be started. */
#include "station.h"

#include "../libc.h"

K_THREAD_STACK_DEFINE(uplink_stack, 512);
static struct k_thread uplink_thread_data;
K_THREAD_STACK_DEFINE(update_stack, 256);
static struct k_thread update_thread_data;

static NOINLINE int uplink_flush(struct k_mutex *mutex, const char *topic, uint16_t attempt)
{
	char path[20];
	int result;

	snprintk(path, sizeof(path), "%s/%u", topic, attempt);
	result = k_mutex_lock(mutex, K_FOREVER);
	if (result == 0) {
		station.online = path[0] != '\0';
		k_mutex_unlock(mutex);
	}
	return result;
}

static void uplink_thread(void *p1, void *p2, void *p3)
{
	const char *topic = p2;

	(void)p3;
	for (uint16_t attempt = 1;; attempt++) {
		uplink_flush(p1, topic, attempt);
		k_sleep(100);
	}
}

static void update_thread(void *p1, void *p2, void *p3)
{
	(void)p1;
	(void)p2;
	(void)p3;
	k_mutex_lock(&storage_mutex, K_FOREVER);
}

void uplink_start(void)
{
	k_thread_start(k_thread_create(&uplink_thread_data, uplink_stack, sizeof(uplink_stack), uplink_thread,
				       &storage_mutex, "readings", NULL, 4, 0, "uplink"));
}

void update_prepare(void)
{
	k_thread_create(&update_thread_data, update_stack, sizeof(update_stack), update_thread, &storage_mutex, NULL,
			NULL, 12, 0, "update");
}
