/* Samples every channel in turn; raw counts become physical values by a calibration per channel. */
#include "app/station.h"

#include "libc.h"

#define SAMPLE_PERIOD_MS 20

static const struct calibration calibrations[CHANNEL_COUNT] = {
	[CHANNEL_TEMPERATURE] = {-40.0f, 0.0625f, 0, 2047},
	[CHANNEL_HUMIDITY] = {0.0f, 0.125f, 0, 800},
	[CHANNEL_PRESSURE] = {300.0f, 0.5f, 0, 1600},
};

struct station station = {
	.name = "roof-north",
	.channels =
		{
			{CHANNEL_TEMPERATURE, "degC", &calibrations[CHANNEL_TEMPERATURE], 0},
			{CHANNEL_HUMIDITY, "%RH", &calibrations[CHANNEL_HUMIDITY], 0},
			{CHANNEL_PRESSURE, "hPa", &calibrations[CHANNEL_PRESSURE], 0},
		},
	.online = true,
};

static uint32_t noise_state = 12345;

K_THREAD_STACK_DEFINE(sensor_stack, 768);
static struct k_thread sensor_thread_data;

/* The converter of this board is a pseudo random number around the middle of the range. */
static NOINLINE int32_t adc_read(enum channel_id id)
{
	static const int32_t centers[CHANNEL_COUNT] = {980, 410, 1426};

	noise_state = noise_state * 1103515245U + 12345U;
	return centers[id] + (int32_t)((noise_state >> 16) % 17) - 8;
}

static ALWAYS_INLINE bool calibration_in_range(const struct calibration *calibration, int32_t raw)
{
	return raw >= calibration->minimum && raw <= calibration->maximum;
}

static ALWAYS_INLINE enum sensor_status channel_convert(const struct channel *channel, int32_t raw, float *value)
{
	const struct calibration *calibration = channel->calibration;

	if (!calibration_in_range(calibration, raw)) {
		return SENSOR_OUT_OF_RANGE;
	}
	*value = calibration->offset + calibration->gain * (float)raw;
	return SENSOR_OK;
}

static NOINLINE enum sensor_status sensor_sample_channel(struct channel *channel, struct reading *reading)
{
	int32_t raw = adc_read(channel->id);
	float value = 0.0f;
	enum sensor_status status = channel_convert(channel, raw, &value);

	channel->samples++;
	*reading = (struct reading){channel->id, status, raw, value};
	return status;
}

#define READINGS 5
static struct reading readings_buffer[READINGS];
static struct k_msgq readings;

static NOINLINE int sensor_poll(struct station *self, uint32_t round)
{
	char label[16];
	int failures = 0;

	snprintk(label, sizeof(label), "round %u", (unsigned int)round);
	for (unsigned int i = 0; i < CHANNEL_COUNT; i++) {
		struct reading reading;
		enum sensor_status status = sensor_sample_channel(&self->channels[i], &reading);

		if (status != SENSOR_OK) {
			failures++;
			continue;
		}
		self->last[i] = reading;
		self->total_samples++;
		k_msgq_put(&readings, &reading); /* nobody may take them for a while: then these are the oldest */
		filter_add_sample((enum channel_id)i, reading.raw);
	}
	if (failures > 0) {
		logger_add(LOG_WARNING, label);
	}
	return failures;
}

static void sensor_thread(void *p1, void *p2, void *p3)
{
	struct station *self = p1;
	int failures = 0;

	(void)p2;
	(void)p3;
	for (uint32_t round = 1;; round++) {
		failures += sensor_poll(self, round);
		self->online = failures < 10;
		k_sleep(SAMPLE_PERIOD_MS);
	}
}

void sensor_start(void)
{
	k_msgq_init(&readings, (char *)readings_buffer, sizeof(readings_buffer[0]), READINGS);
	k_thread_start(k_thread_create(&sensor_thread_data, sensor_stack, sizeof(sensor_stack), sensor_thread, &station,
				       NULL, NULL, 2, 0, "sensor"));
}

void sensor_calibrate(enum channel_id channel, float offset)
{
	((struct calibration *)station.channels[channel].calibration)->offset = offset;
}

void sensor_forget_calibration(enum channel_id channel)
{
	station.channels[channel].calibration = NULL;
}
