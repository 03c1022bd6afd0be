/*
 * Doubly linked list whose head is a node of the list itself.
 * Names follow Zephyr's sys/dlist.h so that debuggers which walk its wait queues can walk these.
 */
#ifndef KERNEL_DLIST_H
#define KERNEL_DLIST_H

#include <stdbool.h>
#include <stddef.h>

struct _dnode {
	union {
		struct _dnode *head;
		struct _dnode *next;
	};
	union {
		struct _dnode *tail;
		struct _dnode *prev;
	};
};

typedef struct _dnode sys_dlist_t;
typedef struct _dnode sys_dnode_t;

#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))

static inline void sys_dlist_init(sys_dlist_t *list)
{
	list->head = list;
	list->tail = list;
}

static inline sys_dnode_t *sys_dlist_peek_head(sys_dlist_t *list)
{
	return list->head == list ? NULL : list->head;
}

/* Links `node` in front of `successor`; the list itself as successor appends. */
static inline void sys_dlist_insert(sys_dnode_t *successor, sys_dnode_t *node)
{
	node->prev = successor->prev;
	node->next = successor;
	successor->prev->next = node;
	successor->prev = node;
}

static inline void sys_dlist_remove(sys_dnode_t *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->next = NULL;
	node->prev = NULL;
}

static inline bool sys_dnode_is_linked(const sys_dnode_t *node)
{
	return node->next != NULL;
}

#endif
