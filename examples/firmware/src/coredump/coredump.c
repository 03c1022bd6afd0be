#include "coredump/coredump.h"

#define HEADER_VERSION 2
#define POINTER_SIZE_LOG2_BITS (sizeof(void *) == 8 ? 6 : 5)
#define BLOCK_VERSION 1

#define PACKED __attribute__((packed))

struct coredump_hdr_t {
	char id[2];
	uint16_t hdr_version;
	uint16_t tgt_code;
	uint8_t ptr_size_bits;
	uint8_t flag;
	uint32_t reason;
} PACKED;

/* Of the architecture block `A` and the threads metadata block `T`. */
struct coredump_block_hdr_t {
	char id;
	uint16_t version;
	uint16_t num_bytes;
} PACKED;

struct coredump_mem_hdr_t {
	char id;
	uint16_t hdr_version;
	uintptr_t start;
	uintptr_t end;
} PACKED;

_Static_assert(sizeof(struct coredump_hdr_t) == 12, "packed");
_Static_assert(sizeof(struct coredump_mem_hdr_t) == 3 + 2 * sizeof(uintptr_t), "packed");

static void output(const void *bytes, size_t size)
{
	coredump_backend_output(bytes, size);
}

void coredump_block(char id, uint16_t version, const void *bytes, size_t size)
{
	struct coredump_block_hdr_t header = {id, version, (uint16_t)size};

	output(&header, sizeof(header));
	output(bytes, size);
}

static void dump_memory(const void *start, const void *end)
{
	struct coredump_mem_hdr_t header = {'M', BLOCK_VERSION, (uintptr_t)start, (uintptr_t)end};

	output(&header, sizeof(header));
	output(start, (uintptr_t)end - (uintptr_t)start);
}

#if CONFIG_COREDUMP_MEMORY == COREDUMP_MEMORY_RAM

extern char _image_ram_start[], _image_ram_end[];

static void dump_memories(void)
{
	coredump_block('T', BLOCK_VERSION, &_kernel, sizeof(_kernel));
	dump_memory(_image_ram_start, _image_ram_end);
}

#else

static void dump_thread(const struct k_thread *thread)
{
	const char *stack = (const char *)thread->stack_info.start;

	dump_memory(thread, thread + 1);
	dump_memory(stack, stack + thread->stack_info.size);
}

static void dump_memories(void)
{
#if CONFIG_COREDUMP_MEMORY == COREDUMP_MEMORY_THREADS
	coredump_block('T', BLOCK_VERSION, &_kernel, sizeof(_kernel));
	for (const struct k_thread *thread = _kernel.threads; thread != NULL; thread = thread->next_thread) {
		dump_thread(thread);
	}
	dump_memory(z_interrupt_stacks, z_interrupt_stacks + sizeof(z_interrupt_stacks));
#else
	dump_thread(_current);
#endif
}

#endif

void coredump(unsigned int reason, const struct arch_esf *esf)
{
	struct coredump_hdr_t header = {
		{'Z', 'E'}, HEADER_VERSION, ARCH_COREDUMP_TARGET, POINTER_SIZE_LOG2_BITS, 0, reason};

	coredump_backend_start();
	output(&header, sizeof(header));
	arch_coredump_info_dump(esf);
	dump_memories();
	coredump_backend_end();
}
