/* Sessions of remote users, on a heap of their own. What is freed is overwritten first. */
#include "app/station.h"

#include "libc.h"

#define HEAP_BYTES 384
#define FREED 0xdd

struct session {
	uint32_t id;
	const char *user;
	uint16_t requests;
	char peer[14];
	struct session *next;
};

static uint64_t heap_memory[HEAP_BYTES / sizeof(uint64_t)];
static struct k_heap session_heap;
static struct session *sessions;

struct session *session_open(const char *user, const char *peer)
{
	static uint32_t last_id = 100;
	struct session *session = k_heap_alloc(&session_heap, sizeof(*session));

	*session = (struct session){.id = ++last_id, .user = user, .next = sessions};
	strncpy(session->peer, peer, sizeof(session->peer) - 1);
	sessions = session;
	return session;
}

void session_close(struct session *session)
{
	struct session **link = &sessions;

	while (*link != session) {
		link = &(*link)->next;
	}
	*link = session->next;
	memset(session, FREED, sizeof(*session));
	k_heap_free(&session_heap, session);
}

NOINLINE unsigned int session_greet(struct session *session)
{
	unsigned int letters = 0;

	session->requests++;
	for (const char *letter = session->user; *letter != '\0'; letter++) {
		letters++;
	}
	return letters;
}

void session_start(void)
{
	k_heap_init(&session_heap, heap_memory, sizeof(heap_memory));
	session_open("operator", "10.0.0.7");
	session_close(session_open("guest", "10.0.0.8"));
	session_open("mirror", "10.0.0.9");
}
