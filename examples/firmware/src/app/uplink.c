/* Sends the readings away once it may touch the storage; and the update thread, which waits to be started. */
#include "app/station.h"

#include "libc.h"

K_THREAD_STACK_DEFINE(uplink_stack, 640);
static struct k_thread uplink_thread_data;
K_THREAD_STACK_DEFINE(update_stack, 256);
static struct k_thread update_thread_data;

enum frame_kind {
	FRAME_DATA = 1,
	FRAME_KEEPALIVE = 2,
	FRAME_GOODBYE = 9,
};

struct frame_header {
	unsigned int version : 3;
	unsigned int urgent : 1;
	int hops : 4;
	enum frame_kind kind;
	union {
		uint32_t word;
		uint8_t bytes[4];
	} address;
	int64_t sent_at;
	double quality;
};

/* Sees every member of the header, so that the compiler has to keep them. */
static NOINLINE uint32_t frame_seal(const struct frame_header *header, const int16_t (*levels)[3],
				    void (*done)(enum frame_kind))
{
	const uint8_t *bytes = (const uint8_t *)header;
	uint32_t seal = (uint32_t)levels[1][2];

	for (size_t i = 0; i < sizeof(*header); i++) {
		seal = (seal << 1 | seal >> 31) ^ bytes[i];
	}
	done(header->kind);
	return seal;
}

static void frame_done(enum frame_kind kind)
{
	station.online = kind != FRAME_GOODBYE;
}

static NOINLINE int uplink_flush(struct k_mutex *mutex, const char *topic, uint16_t attempt)
{
	char path[20];
	struct frame_header header = {
		.version = 5,
		.urgent = 1,
		.hops = -3,
		.kind = FRAME_KEEPALIVE,
		.address = {.word = 0xc0a80105},
		.sent_at = -1234567890123,
		.quality = -0.8125,
	};
	const int16_t levels[2][3] = {{-1, 0, 1}, {-300, 0, (int16_t)attempt}};
	void (*done)(enum frame_kind) = frame_done;
	int result;

	snprintk(path, sizeof(path), "%s/%u", topic, attempt);
	header.address.bytes[0] = (uint8_t)frame_seal(&header, levels, done);
	result = k_mutex_lock(mutex, K_FOREVER);
	frame_seal(&header, levels, done);
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
