#include "coredump/coredump.h"

#include "libc.h"

#define HEADER_VERSION 2
#define TARGET_ARM_CORTEX_M 3
#define POINTER_SIZE_LOG2_BITS 5
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
	uint32_t start;
	uint32_t end;
} PACKED;

struct arm_arch_block {
	uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr, sp;
#if CONFIG_COREDUMP_ARCH_VERSION >= 2
	struct callee_registers callee;
#endif
#if CONFIG_COREDUMP_ARCH_VERSION >= 3
	uint32_t callee_info_valid;
	uint32_t callee_saved_offset;
#endif
} PACKED;

_Static_assert(sizeof(struct coredump_hdr_t) == 12, "packed");
_Static_assert(sizeof(struct coredump_mem_hdr_t) == 11, "packed");
_Static_assert(sizeof(struct arm_arch_block) == (CONFIG_COREDUMP_ARCH_VERSION == 1   ? 36
						 : CONFIG_COREDUMP_ARCH_VERSION == 2 ? 68
										     : 76),
	       "as Zephyr's");

static void output(const void *bytes, size_t size)
{
	coredump_backend_output(bytes, size);
}

static void dump_block(char id, uint16_t version, const void *bytes, uint16_t size)
{
	struct coredump_block_hdr_t header = {id, version, size};

	output(&header, sizeof(header));
	output(bytes, size);
}

static void dump_memory(uint32_t start, uint32_t end)
{
	struct coredump_mem_hdr_t header = {'M', BLOCK_VERSION, start, end};

	output(&header, sizeof(header));
	output((const void *)start, end - start);
}

static void dump_registers(const struct arch_esf *frame, const struct callee_registers *callee, uint32_t sp)
{
	struct arm_arch_block block = {
		.r0 = frame->r0,
		.r1 = frame->r1,
		.r2 = frame->r2,
		.r3 = frame->r3,
		.r12 = frame->r12,
		.lr = frame->lr,
		.pc = frame->pc,
		.xpsr = frame->xpsr,
		.sp = sp,
#if CONFIG_COREDUMP_ARCH_VERSION >= 2
		.callee = *callee,
#endif
#if CONFIG_COREDUMP_ARCH_VERSION >= 3
		.callee_info_valid = 1,
		.callee_saved_offset = offsetof(struct k_thread, callee_saved),
#endif
	};

	(void)callee;
	dump_block('A', CONFIG_COREDUMP_ARCH_VERSION, &block, sizeof(block));
}

#if CONFIG_COREDUMP_MEMORY == COREDUMP_MEMORY_RAM

extern char _image_ram_start[], _image_ram_end[];

static void dump_memories(void)
{
	dump_block('T', BLOCK_VERSION, &_kernel, sizeof(_kernel));
	dump_memory((uint32_t)_image_ram_start, (uint32_t)_image_ram_end);
}

#else

static void dump_thread(const struct k_thread *thread)
{
	dump_memory((uint32_t)thread, (uint32_t)(thread + 1));
	dump_memory(thread->stack_info.start, thread->stack_info.start + thread->stack_info.size);
}

static void dump_memories(void)
{
#if CONFIG_COREDUMP_MEMORY == COREDUMP_MEMORY_THREADS
	extern char z_interrupt_stacks[];
	char *irq_stack_top = _kernel.cpus[0].irq_stack;

	dump_block('T', BLOCK_VERSION, &_kernel, sizeof(_kernel));
	for (const struct k_thread *thread = _kernel.threads; thread != NULL; thread = thread->next_thread) {
		dump_thread(thread);
	}
	dump_memory((uint32_t)z_interrupt_stacks, (uint32_t)irq_stack_top);
#else
	dump_thread(_current);
#endif
}

#endif

void coredump(unsigned int reason, const struct arch_esf *frame, const struct callee_registers *callee, uint32_t sp)
{
	struct coredump_hdr_t header = {
		{'Z', 'E'}, HEADER_VERSION, TARGET_ARM_CORTEX_M, POINTER_SIZE_LOG2_BITS, 0, reason};

	coredump_backend_start();
	output(&header, sizeof(header));
	dump_registers(frame, callee, sp);
	dump_memories();
	coredump_backend_end();
}
