/* Keeps the last log records in a ring. */
#include "app/station.h"

#include "fatal.h"
#include "libc.h"

#define RING_RECORDS 6

static struct {
	struct log_record records[RING_RECORDS];
	uint16_t head;
	uint16_t used;
	uint32_t dropped;
} ring;

static struct k_sem log_sem;

K_THREAD_STACK_DEFINE(logger_stack, 640);
static struct k_thread logger_thread_data;

static NOINLINE struct log_record *ring_claim(enum log_level level)
{
	struct log_record *record = &ring.records[(ring.head + ring.used) % RING_RECORDS];

	__ASSERT(ring.used < RING_RECORDS, "log ring overrun");
	ring.used++;
	record->level = level;
	record->time_ms = k_uptime_get_32();
	return record;
}

static NOINLINE uint32_t log_checksum(const struct log_record *record)
{
	uint32_t sum = record->level;

	for (size_t i = 0; i < sizeof(record->text); i++) {
		sum = sum * 31 + (uint8_t)record->text[i];
	}
	return sum;
}

static NOINLINE void log_drain(uint32_t *written)
{
	while (ring.used > 0) {
		const struct log_record *record = &ring.records[ring.head];

		*written += log_checksum(record) != 0;
		ring.head = (ring.head + 1) % RING_RECORDS;
		ring.used--;
	}
}

static void logger_thread(void *p1, void *p2, void *p3)
{
	struct k_sem *sem = p1;
	uint32_t written = 0;

	(void)p2;
	(void)p3;
	for (;;) {
		k_sem_take(sem, K_FOREVER);
		log_drain(&written);
	}
}

void logger_start(void)
{
	k_sem_init(&log_sem, 0, RING_RECORDS);
	k_thread_start(k_thread_create(&logger_thread_data, logger_stack, sizeof(logger_stack), logger_thread, &log_sem,
				       NULL, NULL, 6, 0, "logger"));
}

void logger_add(enum log_level level, const char *text)
{
	struct log_record *record = ring_claim(level);

	strncpy(record->text, text, sizeof(record->text));
	k_sem_give(&log_sem);
}

void logger_corrupt_ring(void)
{
	ring.used = RING_RECORDS + 2;
}
