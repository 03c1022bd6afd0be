/* The main thread: starts the station, waits a quarter of a second, and lets it crash as the command line says. */
#include "app/station.h"

#include "app/gauge.h"
#include "arch/arch.h"
#include "console.h"
#include "host/host.h"
#include "libc.h"

#define SETTLE_MS 250

#define STRINGIFY(macro) STRINGIFY_(macro)
#define STRINGIFY_(text) #text

struct k_mutex storage_mutex;

static const char *const scenario_names[] = {
	[CRASH_NULL_DEREF] = "null-deref",	   [CRASH_DIV_ZERO] = "div-zero",
	[CRASH_UNDEFINED] = "undefined",	   [CRASH_STACK_OVERFLOW] = "stack-overflow",
	[CRASH_ASSERT] = "assert",		   [CRASH_BAD_CALL] = "bad-call",
	[CRASH_ISR_FAULT] = "isr-fault",	   [CRASH_UNALIGNED] = "unaligned",
	[CRASH_BUS_FAULT] = "bus-fault",	   [CRASH_OOPS] = "oops",
	[CRASH_CALL_DATA] = "call-data",	   [CRASH_STACK_GUARD] = "stack-guard",
	[CRASH_STACK_LOST] = "stack-lost",	   [CRASH_DEADLOCK] = "deadlock",
	[CRASH_USE_AFTER_FREE] = "use-after-free", [CRASH_FLASH_WRITE] = "flash-write",
	[CRASH_NULL_MEMBER] = "null-member",	   [CRASH_ASCII_POINTER] = "ascii-pointer",
	[CRASH_TICK_FAULT] = "tick-fault",	   [CRASH_NESTED_FAULT] = "nested-fault",
	[CRASH_VIRTUAL_CALL] = "virtual-call",
};

enum crash_scenario crash_scenario_parse(const char *word)
{
	for (unsigned int i = 1; i < sizeof(scenario_names) / sizeof(scenario_names[0]); i++) {
		if (strcmp(word, scenario_names[i]) == 0) {
			return (enum crash_scenario)i;
		}
	}
	return CRASH_NONE;
}

/* The last word of the command line. */
static const char *last_word(const char *line)
{
	const char *word = line;

	for (; *line != '\0'; line++) {
		if (*line == ' ') {
			word = line + 1;
		}
	}
	return word;
}

static void crash(enum crash_scenario scenario)
{
	switch (scenario) {
	case CRASH_NULL_DEREF:
		sensor_forget_calibration(CHANNEL_PRESSURE);
		break;
	case CRASH_DIV_ZERO:
		filter_reset(CHANNEL_HUMIDITY);
		break;
	case CRASH_UNDEFINED:
		console_log("inf", "main", "power %s", power_state_name((enum power_state)7));
		break;
	case CRASH_STACK_OVERFLOW:
		shell_submit("settings show /");
		break;
	case CRASH_ASSERT:
		logger_corrupt_ring();
		logger_add(LOG_ERROR, "battery low");
		break;
	case CRASH_BAD_CALL:
		shell_corrupt_handler("uptime", 0xdeadbeef);
		shell_submit("uptime --since-boot");
		break;
	case CRASH_ISR_FAULT:
		radio_break_register_map();
		radio_receive_interrupt();
		break;
	case CRASH_UNALIGNED:
		shell_submit("packet 3");
		break;
	case CRASH_BUS_FAULT:
		shell_submit("peek " STRINGIFY(ARCH_NOWHERE));
		break;
	case CRASH_OOPS:
		shell_submit("reboot now");
		break;
	case CRASH_CALL_DATA:
		shell_corrupt_handler("uptime", arch_code_pointer((uintptr_t)&station));
		shell_submit("uptime");
		break;
	case CRASH_STACK_GUARD:
		shell_submit("history 40");
		break;
	case CRASH_STACK_LOST:
		shell_submit("sort");
		break;
	case CRASH_DEADLOCK:
		journal_backup();
		shell_submit("compact");
		break;
	case CRASH_USE_AFTER_FREE:
		shell_submit("session visitor close");
		break;
	case CRASH_FLASH_WRITE:
		shell_submit("calibrate 3");
		break;
	case CRASH_NULL_MEMBER:
		shell_submit("retune lora 11");
		break;
	case CRASH_ASCII_POINTER:
		shell_submit("label north-west-ridge-0042");
		break;
	case CRASH_TICK_FAULT:
		heartbeat_lose_led();
		break;
	case CRASH_NESTED_FAULT:
		radio_break_retransmission();
		radio_receive_interrupt();
		break;
#ifdef CONFIG_CPP
	case CRASH_VIRTUAL_CALL:
		console_log("inf", "main", "gauge %d", (int)gauge_show(1013));
		break;
#endif
	default:
		console_log_line("inf", "main", "nobody asked for a crash");
	}
}

void app_main(void *p1, void *p2, void *p3)
{
	char command_line[48];
	enum crash_scenario scenario;

	(void)p1;
	(void)p2;
	(void)p3;
	host_command_line(command_line, sizeof(command_line));
	scenario = crash_scenario_parse(last_word(command_line));
	console_log("inf", "main", "weather station, scenario %d", scenario);

	k_mutex_init(&storage_mutex);
	k_mutex_lock(&storage_mutex, K_FOREVER);
	logger_start();
	radio_init();
	filter_start();
	session_start();
	shell_start();
	housekeeping_start();
#ifdef CONFIG_SURVEY
	survey_start();
#endif
	uplink_start();
	update_prepare();
	sensor_start();

	k_sleep(SETTLE_MS);
	crash(scenario);
	k_sleep(4 * SETTLE_MS);
	watchdog_check("shell", shell_waiting_ms());
	console_log("inf", "main", "still alive after %u ms", (unsigned int)k_uptime_get_32());
	host_exit();
}
