/* Executes command lines: splits them into words and calls the handler of the first one. */
#include "app/station.h"

#include "fatal.h"
#include "libc.h"
#include "console.h"

#define MAX_WORDS 4

typedef int (*shell_handler_t)(int argc, char **argv);

struct shell_command {
	const char *name;
	shell_handler_t handler;
	uint8_t minimum_words;
};

struct settings_node {
	const char *key;
	const struct settings_node *child;
	const struct settings_node *sibling;
	int32_t value;
};

static char submitted[32];
static uint32_t submitted_at;
static struct k_sem line_sem;

K_THREAD_STACK_DEFINE(shell_stack, 1536);
static struct k_thread shell_thread_data;

/* Somebody linked "backup" to the tree that it is a part of. */
static struct settings_node settings_root;
static const struct settings_node settings_backup = {"backup", &settings_root, NULL, 0};
static const struct settings_node settings_period = {"period", NULL, &settings_backup, 20};
static struct settings_node settings_root = {"station", &settings_period, NULL, 0};

static int settings_show(const struct settings_node *node, unsigned int depth, int32_t total)
{
	char path[24];
	int shown = 0;

	snprintk(path, sizeof(path), "%u:%s", depth, node->key);
	k_yield(); /* showing a long tree must not keep others waiting */
	for (const struct settings_node *child = node->child; child != NULL; child = child->sibling) {
		shown += settings_show(child, depth + 1, total + child->value);
	}
	return shown + (path[0] != '\0');
}

static int cmd_settings(int argc, char **argv)
{
	const char *path = argc > 2 ? argv[2] : "/";

	return settings_show(&settings_root, 0, path[0] == '/' ? 0 : 1);
}

static int cmd_uptime(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	console_log("inf", "shell", "%u ms", (unsigned int)k_uptime_get_32());
	return 0;
}

static uintptr_t parse_number(const char *text)
{
	unsigned int base = 10;
	uintptr_t number = 0;

	if (text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
	}
	for (; *text != '\0'; text++) {
		unsigned int digit = (unsigned int)(*text <= '9' ? *text - '0' : (*text | 0x20) - 'a' + 10);

		number = number * base + digit;
	}
	return number;
}

static NOINLINE uint32_t memory_peek(const volatile uint32_t *address, unsigned int words)
{
	uint32_t sum = 0;

	for (unsigned int i = 0; i < words; i++) {
		sum += address[i];
	}
	return sum;
}

static int cmd_peek(int argc, char **argv)
{
	uintptr_t address = parse_number(argv[1]);
	unsigned int words = argc > 2 ? (unsigned int)parse_number(argv[2]) : 1;

	return (int)memory_peek((const volatile uint32_t *)address, words);
}

static uint8_t packet[16] = {0x45, 0x00, 0x00, 0x34, 0x12, 0x34, 0x40, 0x00, 0x40, 0x06, 0xa6, 0xec, 0xc0, 0xa8, 0x01, 0x05};

/* The header begins where the one before it ends, which need not be a multiple of four. */
static NOINLINE uint32_t packet_field(const uint8_t *header, size_t offset)
{
	const volatile uint32_t *field = (const volatile uint32_t *)(const void *)(header + offset);

	return *field;
}

static int cmd_packet(int argc, char **argv)
{
	size_t offset = argc > 1 ? parse_number(argv[1]) : 0;

	return (int)packet_field(packet, offset);
}

static struct {
	char text[8];
	const char *unit;
} label = {"mast", "m/s"};

/* Longer texts go over what follows. */
static NOINLINE void label_copy(char *to, const char *from)
{
	while ((*to++ = *from++) != '\0') {
	}
}

static NOINLINE unsigned int label_width(const char *text, const char *unit)
{
	unsigned int width = 1;

	for (; *text != '\0'; text++) {
		width++;
	}
	for (; *unit != '\0'; unit++) {
		width++;
	}
	return width;
}

static int cmd_label(int argc, char **argv)
{
	(void)argc;
	label_copy(label.text, argv[1]);
	return (int)label_width(label.text, label.unit);
}

static int cmd_session(int argc, char **argv)
{
	struct session *session = session_open(argv[1], "10.0.0.10");

	if (argc > 2) {
		session_close(session);
	}
	return (int)session_greet(session);
}

static int cmd_retune(int argc, char **argv)
{
	(void)argc;
	radio_retune(radio_find(argv[1]), (uint8_t)parse_number(argv[2]));
	return 0;
}

static int cmd_calibrate(int argc, char **argv)
{
	(void)argc;
	sensor_calibrate(CHANNEL_HUMIDITY, (float)parse_number(argv[1]));
	return 0;
}

static int cmd_compact(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return journal_compact();
}

static int cmd_reboot(int argc, char **argv)
{
	bool now = argc > 1 && strcmp(argv[1], "now") == 0;

	if (now) {
		k_oops();
	}
	return -EBUSY;
}

/* Far more than this thread's stack: its lower end lies in the guard, or below it. */
static NOINLINE int cmd_history(int argc, char **argv)
{
	volatile char lines[sizeof(shell_stack) - 64];
	unsigned int count = argc > 1 ? (unsigned int)parse_number(argv[1]) : 1;

	for (int i = (int)sizeof(lines) - 1; i >= 0; i--) {
		lines[i] = (char)count;
	}
	return lines[0];
}

/* Sorts both halves and merges them; a single entry has a half as large as itself. */
static NOINLINE int sort_entries(uint8_t *entries, unsigned int count)
{
	unsigned int half = count / 2;
	int moved = 0;

	if (count == 0) {
		return 0;
	}
	moved += sort_entries(entries + half, count - half);
	moved += sort_entries(entries, half);
	for (unsigned int i = 1; i < count; i++) {
		if (entries[i - 1] > entries[i]) {
			uint8_t larger = entries[i - 1];

			entries[i - 1] = entries[i];
			entries[i] = larger;
			moved++;
		}
	}
	return moved;
}

static int cmd_sort(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return sort_entries(packet, sizeof(packet));
}

static struct shell_command commands[] = {
	{"settings", cmd_settings, 2}, {"uptime", cmd_uptime, 1}, {"peek", cmd_peek, 2}, {"packet", cmd_packet, 1},
	{"reboot", cmd_reboot, 1},     {"history", cmd_history, 1}, {"sort", cmd_sort, 1},
	{"label", cmd_label, 2},       {"session", cmd_session, 2}, {"retune", cmd_retune, 3},
	{"calibrate", cmd_calibrate, 2}, {"compact", cmd_compact, 1},
};

static struct shell_command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return &commands[i];
		}
	}
	return NULL;
}

static int split_words(char *line, char **words)
{
	int count = 0;

	while (*line != '\0' && count < MAX_WORDS) {
		words[count++] = line;
		while (*line != '\0' && *line != ' ') {
			line++;
		}
		if (*line == ' ') {
			*line++ = '\0';
		}
	}
	return count;
}

static ALWAYS_INLINE int command_call(const struct shell_command *command, int argc, char **argv)
{
	int result = -EINVAL;

	if (argc >= command->minimum_words) {
		result = command->handler(argc, argv);
	}
	return result;
}

static NOINLINE int shell_execute(char *line)
{
	char *words[MAX_WORDS] = {NULL};
	int argc = split_words(line, words);
	const struct shell_command *command = argc > 0 ? find_command(words[0]) : NULL;
	int result;

	if (command == NULL) {
		console_puts("unknown command\r\n");
		return -EINVAL;
	}
	result = command_call(command, argc, words);
	if (result < 0) {
		console_log("wrn", "shell", "%s: %d", command->name, result);
	}
	return result;
}

static void shell_thread(void *p1, void *p2, void *p3)
{
	char line[sizeof(submitted)];
	unsigned int executed = 0;

	(void)p1;
	(void)p2;
	(void)p3;
	for (;;) {
		k_sem_take(&line_sem, K_FOREVER);
		memcpy(line, submitted, sizeof(line));
		executed += shell_execute(line) >= 0;
		submitted_at = 0;
	}
}

void shell_start(void)
{
	k_sem_init(&line_sem, 0, 1);
	k_thread_start(k_thread_create(&shell_thread_data, shell_stack, sizeof(shell_stack), shell_thread, NULL, NULL,
				       NULL, 8, 0, "shell"));
}

void shell_submit(const char *line)
{
	strncpy(submitted, line, sizeof(submitted) - 1);
	submitted_at = k_uptime_get_32();
	k_sem_give(&line_sem);
}

uint32_t shell_waiting_ms(void)
{
	return submitted_at == 0 ? 0 : k_uptime_get_32() - submitted_at;
}

void shell_corrupt_handler(const char *command, uintptr_t handler)
{
	find_command(command)->handler = (shell_handler_t)handler;
}
