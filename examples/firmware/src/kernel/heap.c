/*
 * A heap whose chunks lie in memory as those of Zephyr's lib/os/heap.h: units of eight bytes; each chunk begins with the
 * size of its left neighbour and its own, the latter shifted left by one with the lowest bit telling that it is used, and
 * goes on, if it is free, with its neighbours in a list. There is a list for each power of two. The fields are 16 bits
 * wide with 32-bit pointers and 32 bits with 64-bit pointers.
 */
#include "kernel/kernel.h"

#include "arch/arch.h"

#define CHUNK_UNIT 8U

typedef uint32_t chunkid_t;

#if UINTPTR_MAX > 0xffffffff
typedef uint32_t chunk_field_t;
#else
typedef uint16_t chunk_field_t;
#endif

enum chunk_fields {
	LEFT_SIZE,
	SIZE_AND_USED,
	FREE_PREV,
	FREE_NEXT,
};

#define HEADER_BYTES (2 * sizeof(chunk_field_t))
#define MINIMUM_UNITS units(HEADER_BYTES + 1)

struct z_heap_bucket {
	chunkid_t next;
};

struct z_heap {
	chunkid_t chunk0_hdr[2];
	chunkid_t end_chunk;
	uint32_t avail_buckets;
	struct z_heap_bucket buckets[];
};

static ALWAYS_INLINE uint32_t units(size_t bytes)
{
	return (uint32_t)((bytes + CHUNK_UNIT - 1) / CHUNK_UNIT);
}

static ALWAYS_INLINE chunk_field_t *chunk(struct z_heap *heap, chunkid_t id)
{
	return (chunk_field_t *)(void *)((char *)heap + id * CHUNK_UNIT);
}

static ALWAYS_INLINE uint32_t size_of(struct z_heap *heap, chunkid_t id)
{
	return chunk(heap, id)[SIZE_AND_USED] >> 1;
}

static ALWAYS_INLINE bool is_used(struct z_heap *heap, chunkid_t id)
{
	return (chunk(heap, id)[SIZE_AND_USED] & 1) != 0;
}

/* Gives a chunk its size, and tells its right neighbour. */
static void set_size(struct z_heap *heap, chunkid_t id, uint32_t size, bool used)
{
	chunk(heap, id)[SIZE_AND_USED] = (chunk_field_t)(size << 1 | used);
	chunk(heap, id + size)[LEFT_SIZE] = (chunk_field_t)size;
}

static unsigned int bucket_of(uint32_t size)
{
	return 31U - (unsigned int)__builtin_clz(size - MINIMUM_UNITS + 1);
}

/* The lists are circles. */
static void link_free(struct z_heap *heap, chunkid_t id)
{
	unsigned int index = bucket_of(size_of(heap, id));
	struct z_heap_bucket *bucket = &heap->buckets[index];
	chunkid_t second = bucket->next != 0 ? bucket->next : id;
	chunkid_t first = bucket->next != 0 ? chunk(heap, second)[FREE_PREV] : id;

	chunk(heap, id)[FREE_PREV] = (chunk_field_t)first;
	chunk(heap, id)[FREE_NEXT] = (chunk_field_t)second;
	chunk(heap, first)[FREE_NEXT] = (chunk_field_t)id;
	chunk(heap, second)[FREE_PREV] = (chunk_field_t)id;
	bucket->next = id;
	heap->avail_buckets |= 1U << index;
}

static void unlink_free(struct z_heap *heap, chunkid_t id)
{
	unsigned int index = bucket_of(size_of(heap, id));
	chunkid_t previous = chunk(heap, id)[FREE_PREV];
	chunkid_t next = chunk(heap, id)[FREE_NEXT];

	if (next == id) {
		heap->buckets[index].next = 0;
		heap->avail_buckets &= ~(1U << index);
		return;
	}
	chunk(heap, previous)[FREE_NEXT] = (chunk_field_t)next;
	chunk(heap, next)[FREE_PREV] = (chunk_field_t)previous;
	heap->buckets[index].next = next;
}

void k_heap_init(struct k_heap *heap, void *memory, size_t bytes)
{
	struct z_heap *inner = memory;
	uint32_t size = (uint32_t)((bytes - HEADER_BYTES) / CHUNK_UNIT); /* the end has a header too */
	unsigned int buckets = bucket_of(size) + 1;
	uint32_t own = units(sizeof(struct z_heap) + buckets * sizeof(struct z_heap_bucket));

	sys_dlist_init(&heap->wait_q.waitq);
	heap->heap = (struct sys_heap){inner, memory, bytes};
	inner->end_chunk = size;
	inner->avail_buckets = 0;
	for (unsigned int i = 0; i < buckets; i++) {
		inner->buckets[i].next = 0;
	}
	chunk(inner, 0)[LEFT_SIZE] = 0;
	set_size(inner, 0, own, true);
	set_size(inner, own, size - own, false);
	chunk(inner, size)[SIZE_AND_USED] = 1;
	link_free(inner, own);
}

/* The first chunk that is large enough, from the lists of small ones upward. */
static chunkid_t find_free(struct z_heap *heap, uint32_t size)
{
	for (unsigned int index = bucket_of(size); heap->avail_buckets >> index != 0; index++) {
		chunkid_t first = heap->buckets[index].next;
		chunkid_t id = first;

		while (id != 0) {
			if (size_of(heap, id) >= size) {
				return id;
			}
			id = chunk(heap, id)[FREE_NEXT];
			if (id == first) {
				break;
			}
		}
	}
	return 0;
}

void *k_heap_alloc(struct k_heap *heap, size_t bytes)
{
	struct z_heap *inner = heap->heap.heap;
	uint32_t size = units(HEADER_BYTES + bytes);
	unsigned int key = irq_lock();
	chunkid_t id = find_free(inner, size);

	if (id == 0) {
		irq_unlock(key);
		return NULL;
	}
	uint32_t rest = size_of(inner, id) - size;

	unlink_free(inner, id);
	if (rest >= MINIMUM_UNITS) {
		set_size(inner, id + size, rest, false);
		link_free(inner, id + size);
	} else {
		size += rest;
	}
	set_size(inner, id, size, true);
	irq_unlock(key);
	return chunk(inner, id) + 2;
}

void k_heap_free(struct k_heap *heap, void *memory)
{
	struct z_heap *inner = heap->heap.heap;
	chunkid_t id = (chunkid_t)(((char *)memory - HEADER_BYTES - (char *)inner) / CHUNK_UNIT);
	unsigned int key = irq_lock();
	uint32_t size = size_of(inner, id);
	chunkid_t left = id - chunk(inner, id)[LEFT_SIZE];
	chunkid_t right = id + size;

	if (!is_used(inner, right)) {
		unlink_free(inner, right);
		size += size_of(inner, right);
	}
	if (!is_used(inner, left)) {
		unlink_free(inner, left);
		size += size_of(inner, left);
		id = left;
	}
	set_size(inner, id, size, false);
	link_free(inner, id);
	irq_unlock(key);
}
