/* Statistics over the last samples of every channel, computed whenever nobody else needs the CPU. */
#include "app/station.h"

static struct window windows[CHANNEL_COUNT];
struct statistics filter_latest[CHANNEL_COUNT];

K_THREAD_STACK_DEFINE(filter_stack, 512);
static struct k_thread filter_thread_data;

void filter_add_sample(enum channel_id channel, int32_t sample)
{
	struct window *window = &windows[channel];

	window->samples[window->next] = sample;
	window->next = (uint8_t)((window->next + 1) % WINDOW_LENGTH);
	if (window->length < WINDOW_LENGTH) {
		window->length++;
	}
}

void filter_reset(enum channel_id channel)
{
	windows[channel] = (struct window){0};
}

static ALWAYS_INLINE int32_t average(int32_t sum, int32_t count)
{
	return sum / count;
}

static NOINLINE struct statistics window_statistics(struct window window)
{
	struct statistics result = {0, INT32_MAX, INT32_MIN};
	int32_t sum = 0;

	for (unsigned int i = 0; i < window.length; i++) {
		int32_t sample = window.samples[i];

		sum += sample;
		result.minimum = sample < result.minimum ? sample : result.minimum;
		result.maximum = sample > result.maximum ? sample : result.maximum;
	}
	result.mean = average(sum, window.length);
	return result;
}

static NOINLINE uint32_t filter_pass(uint32_t passes)
{
	bool full = true;

	for (unsigned int i = 0; i < CHANNEL_COUNT; i++) {
		struct statistics statistics = window_statistics(windows[i]);

		filter_latest[i] = statistics;
		full = full && windows[i].length == WINDOW_LENGTH;
	}
	return full ? passes + 1 : 0;
}

static void filter_thread(void *p1, void *p2, void *p3)
{
	uint32_t full_passes = 0;

	(void)p1;
	(void)p2;
	(void)p3;
	k_sleep(10); /* by then every window holds a sample */
	for (;;) {
		full_passes = filter_pass(full_passes);
	}
}

void filter_start(void)
{
	k_thread_start(k_thread_create(&filter_thread_data, filter_stack, sizeof(filter_stack), filter_thread, NULL,
				       NULL, NULL, 10, 0, "filter"));
}
