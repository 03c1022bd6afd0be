/* Blocks of one size; the first word of a free one points at the next. */
#include "kernel/kernel.h"

#include "arch/arch.h"

void k_mem_slab_init(struct k_mem_slab *slab, void *buffer, size_t block_size, uint32_t num_blocks)
{
	sys_dlist_init(&slab->wait_q.waitq);
	slab->num_blocks = num_blocks;
	slab->block_size = block_size;
	slab->buffer = buffer;
	slab->free_list = NULL;
	slab->num_used = num_blocks;
	while (slab->num_used > 0) {
		k_mem_slab_free(slab, slab->buffer + (slab->num_used - 1) * block_size);
	}
}

void *k_mem_slab_alloc(struct k_mem_slab *slab)
{
	unsigned int key = irq_lock();
	char *block = slab->free_list;

	if (block != NULL) {
		slab->free_list = *(char **)(void *)block;
		slab->num_used++;
	}
	irq_unlock(key);
	return block;
}

void k_mem_slab_free(struct k_mem_slab *slab, void *block)
{
	unsigned int key = irq_lock();

	*(char **)block = slab->free_list;
	slab->free_list = block;
	slab->num_used--;
	irq_unlock(key);
}
