/* Numbers that the assembler files know; a change of a structure must be told them. */
#include "arch/arch.h"

#include "offsets.h"

_Static_assert(sizeof(struct arch_esf) == ESF_SIZE, "exception frame");
_Static_assert(offsetof(struct arch_esf, lr) == ESF_LR && offsetof(struct arch_esf, elr) == ESF_ELR, "exception frame");
_Static_assert(offsetof(struct k_thread, callee_saved) == THREAD_CALLEE_SAVED, "thread");
_Static_assert(offsetof(struct k_thread, switch_handle) == THREAD_SWITCH_HANDLE, "thread");
_Static_assert(offsetof(struct k_thread, arch.saved_fp_context) == THREAD_FP, "thread");
_Static_assert(offsetof(struct z_kernel, cpus[0].nested) == CPU_NESTED, "CPU");
_Static_assert(offsetof(struct z_kernel, cpus[0].irq_stack) == CPU_IRQ_STACK, "CPU");
_Static_assert(offsetof(struct z_kernel, cpus[0].current) == CPU_CURRENT, "CPU");
