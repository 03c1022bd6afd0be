/*
 * Where debuggers find the kernel's structures: Zephyr's subsys/debug/thread_info.c describes the same table.
 * 0xffffffff says that this firmware has no such member.
 */
#include "kernel/kernel.h"

#define UNAVAILABLE ((size_t)0xffffffff)
#ifndef THREAD_INFO_PREEMPT_FLOAT
#define THREAD_INFO_PREEMPT_FLOAT UNAVAILABLE
#endif
#ifndef THREAD_INFO_ARM_EXC_RETURN
#define THREAD_INFO_ARM_EXC_RETURN UNAVAILABLE
#endif

#define DEBUG_INFO __attribute__((used, section(".dbg_thread_info")))

DEBUG_INFO const size_t _kernel_thread_info_offsets[] = {
	1, /* version of this table */
	offsetof(struct _cpu, current),
	offsetof(struct z_kernel, threads),
	offsetof(struct k_thread, entry),
	offsetof(struct k_thread, next_thread),
	offsetof(struct _thread_base, thread_state),
	offsetof(struct _thread_base, user_options),
	offsetof(struct _thread_base, prio),
	offsetof(struct k_thread, THREAD_SAVED_SP),
	offsetof(struct k_thread, name),
	offsetof(struct k_thread, arch),
	THREAD_INFO_PREEMPT_FLOAT, /* floating point registers of preempted threads */
	UNAVAILABLE, /* ... of cooperative threads */
	THREAD_INFO_ARM_EXC_RETURN, /* EXC_RETURN of switched-out threads */
	UNAVAILABLE, /* ARC only */
};

DEBUG_INFO const size_t _kernel_thread_info_num_offsets =
	sizeof(_kernel_thread_info_offsets) / sizeof(_kernel_thread_info_offsets[0]);
DEBUG_INFO const uint8_t _kernel_thread_info_size_t_size = sizeof(size_t);
