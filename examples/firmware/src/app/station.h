/*
 * A small weather station: the parts of the application and the ways in which it can be made to crash.
 *
 *   main      starts everybody, prepares the crash, then sleeps; holds storage_mutex for a firmware update that never comes
 *   sensor    samples the channels and fills the filter's windows
 *   filter    works on the windows whenever nobody else wants the CPU
 *   uplink    waits for storage_mutex
 *   logger    waits for something to log
 *   shell     waits for a command line
 *   update    is created and never started
 */
#ifndef APP_STATION_H
#define APP_STATION_H

#include "kernel/kernel.h"

enum crash_scenario {
	CRASH_NONE,
	CRASH_NULL_DEREF,
	CRASH_DIV_ZERO,
	CRASH_UNDEFINED,
	CRASH_STACK_OVERFLOW,
	CRASH_ASSERT,
	CRASH_BAD_CALL,
	CRASH_ISR_FAULT,
	CRASH_UNALIGNED,
	CRASH_BUS_FAULT,
	CRASH_OOPS,
	CRASH_CALL_DATA,
	CRASH_STACK_GUARD,
	CRASH_STACK_LOST,
};

/* What the command line asks for; CRASH_NONE for an unknown word. */
enum crash_scenario crash_scenario_parse(const char *word);

/* --- sensor --- */

enum channel_id {
	CHANNEL_TEMPERATURE,
	CHANNEL_HUMIDITY,
	CHANNEL_PRESSURE,
	CHANNEL_COUNT,
};

enum sensor_status {
	SENSOR_OK = 0,
	SENSOR_NOT_READY = -1,
	SENSOR_OUT_OF_RANGE = -2,
};

struct calibration {
	float offset;
	float gain;
	int16_t minimum;
	int16_t maximum;
};

struct channel {
	enum channel_id id;
	const char *unit;
	const struct calibration *calibration;
	uint32_t samples;
};

struct reading {
	enum channel_id channel;
	enum sensor_status status;
	int32_t raw;
	float value;
};

struct station {
	char name[12];
	struct channel channels[CHANNEL_COUNT];
	struct reading last[CHANNEL_COUNT];
	bool online;
	uint64_t total_samples;
};

extern struct station station;
extern struct k_mutex storage_mutex;

void sensor_start(void);
/* Loses the calibration of a channel, as an erased settings page would. */
void sensor_forget_calibration(enum channel_id channel);

/* --- filter --- */

#define WINDOW_LENGTH 8

struct window {
	int32_t samples[WINDOW_LENGTH];
	uint8_t length;
	uint8_t next;
};

struct statistics {
	int32_t mean;
	int32_t minimum;
	int32_t maximum;
};

extern struct statistics filter_latest[CHANNEL_COUNT];

void filter_start(void);
void filter_add_sample(enum channel_id channel, int32_t sample);
void filter_reset(enum channel_id channel);

/* --- logger --- */

enum log_level {
	LOG_ERROR = 1,
	LOG_WARNING,
	LOG_INFO,
};

struct log_record {
	uint32_t time_ms;
	enum log_level level;
	char text[24];
};

void logger_start(void);
void logger_add(enum log_level level, const char *text);
/* Lets the ring believe that it holds more than it can. */
void logger_corrupt_ring(void);

/* --- shell --- */

void shell_start(void);
void shell_submit(const char *line);
/* Replaces the handler of a command by a number that is no function. */
void shell_corrupt_handler(const char *command, uintptr_t handler);

/* --- radio --- */

void radio_init(void);
void radio_receive_interrupt(void);
void radio_break_register_map(void);

/* --- uplink and update --- */

void uplink_start(void);
void update_prepare(void);

/* --- power --- */

enum power_state {
	POWER_OFF,
	POWER_IDLE,
	POWER_ACTIVE,
};

const char *power_state_name(enum power_state state);

#endif
