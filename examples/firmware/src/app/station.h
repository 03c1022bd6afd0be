/*
 * A small weather station: the parts of the application and the ways in which it can be made to crash.
 *
 *   main      starts everybody, prepares the crash, then sleeps; holds storage_mutex for a firmware update that never comes
 *   sensor    samples the channels and fills the filter's windows
 *   filter    works on the windows whenever nobody else wants the CPU
 *   uplink    waits for storage_mutex
 *   logger    waits for something to log
 *   shell     waits for a command line
 *   workq     waits for work
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
	CRASH_DEADLOCK,
	CRASH_USE_AFTER_FREE,
	CRASH_FLASH_WRITE,
	CRASH_NULL_MEMBER,
	CRASH_ASCII_POINTER,
	CRASH_TICK_FAULT,
	CRASH_NESTED_FAULT,
	CRASH_VIRTUAL_CALL,
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
/* Moves the zero of a channel, although calibrations are constants. */
void sensor_calibrate(enum channel_id channel, float offset);

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
/* For how long the last command line has not been done with. */
uint32_t shell_waiting_ms(void);
/* Replaces the handler of a command by a number that is no function. */
void shell_corrupt_handler(const char *command, uintptr_t handler);

/* --- radio --- */

void radio_init(void);
void radio_receive_interrupt(void);
void radio_break_register_map(void);
/* From now on every frame that is received asks for a retransmission, which breaks. */
void radio_break_retransmission(void);

struct radio_device;
/* NULL for an unknown name. */
struct radio_device *radio_find(const char *name);
void radio_retune(struct radio_device *device, uint8_t channel);

/* --- uplink and update --- */

void uplink_start(void);
void update_prepare(void);

/* --- housekeeping --- */

#define WATCHDOG_MS 900

void housekeeping_start(void);
void heartbeat_lose_led(void);
void journal_backup(void);
int journal_compact(void);
/* Stops the station where somebody waits for too long. */
void watchdog_check(const char *who, uint32_t waiting_ms);

/* --- sessions --- */

struct session;

void session_start(void);
struct session *session_open(const char *user, const char *peer);
void session_close(struct session *session);
/* The number of letters in the user's name. */
unsigned int session_greet(struct session *session);

/* --- survey: only in the larger station (CONFIG_SURVEY) --- */

void survey_start(void);

/* --- power --- */

enum power_state {
	POWER_OFF,
	POWER_IDLE,
	POWER_ACTIVE,
};

const char *power_state_name(enum power_state state);

#endif
