/* Switching threads in PendSV, the way Zephyr's classic Cortex-M port does: r4..r11 and psp go to callee_saved. */
#include "arch/arch.h"

#define XPSR_THUMB 0x01000000U
#define EXC_RETURN_THREAD_PSP 0xfdU

/* With an FPU, threads that use it have larger frames, and s16..s31 to keep (Armv7-M ARM, B1.5.7). */
#ifdef CONFIG_FPU_SHARING
#define SAVE_FPU                                \
	"strb lr, [r1, %[exc_return]]\n\t"      \
	"tst lr, #0x10\n\t"                     \
	"bne 1f\n\t"                            \
	"add r2, r1, %[preempt_float]\n\t"      \
	"vstmia r2, {s16-s31}\n"                \
	"1:\t"
#define RESTORE_FPU                             \
	"ldrsb lr, [r0, %[exc_return]]\n\t"     \
	"tst lr, #0x10\n\t"                     \
	"bne 2f\n\t"                            \
	"add r2, r0, %[preempt_float]\n\t"      \
	"vldmia r2, {s16-s31}\n"                \
	"2:\t"
#define FPU_OPERANDS                                                              \
	, [exc_return] "i"(offsetof(struct k_thread, arch.mode_exc_return)),      \
		[preempt_float] "i"(offsetof(struct k_thread, arch.preempt_float))
#else
#define SAVE_FPU
#define RESTORE_FPU
#define FPU_OPERANDS
#endif

_Static_assert(offsetof(struct _callee_saved, psp) == 32, "psp follows r4..r11");

void arch_new_thread(struct k_thread *thread, void (*start)(k_thread_entry_t, void *, void *, void *))
{
	uintptr_t top = (thread->stack_info.start + thread->stack_info.size) & ~(uintptr_t)7;
	struct basic_sf *frame = (struct basic_sf *)(top - sizeof(struct basic_sf));

	*frame = (struct basic_sf){
		.r0 = (uint32_t)thread->entry.pEntry,
		.r1 = (uint32_t)thread->entry.parameter1,
		.r2 = (uint32_t)thread->entry.parameter2,
		.r3 = (uint32_t)thread->entry.parameter3,
		.lr = 0, /* nothing called it */
		.pc = (uint32_t)start & ~1U,
		.xpsr = XPSR_THUMB,
	};
	thread->callee_saved.psp = (uint32_t)frame;
#ifdef CONFIG_FPU_SHARING
	thread->arch.mode_exc_return = EXC_RETURN_THREAD_PSP;
#endif
}

NOINLINE int arch_swap(unsigned int key)
{
	_current->arch.basepri = key;
	_current->arch.swap_return_value = (uint32_t)-EAGAIN;
	arch_pend_switch();
	irq_unlock(0);
	return (int)_current->arch.swap_return_value;
}

__attribute__((used)) static struct k_thread *switch_to_next(void)
{
	_current = _kernel.ready_q.cache;
	mpu_guard_thread(_current);
	return _current;
}

__attribute__((naked)) void z_arm_pendsv(void)
{
	__asm__ volatile("ldr r1, =_kernel\n\t"
			 "ldr r1, [r1, %[current]]\n\t"
			 "mrs r0, psp\n\t"
			 SAVE_FPU
			 "add r1, %[saved]\n\t"
			 "stmia r1!, {r4-r11}\n\t"
			 "str r0, [r1]\n\t"
			 "mov r4, lr\n\t"
			 "mov r0, %[locked]\n\t"
			 "msr basepri, r0\n\t"
			 "isb\n\t"
			 "bl switch_to_next\n\t"
			 "mov lr, r4\n\t"
			 "mov r1, #0\n\t"
			 "msr basepri, r1\n\t"
			 RESTORE_FPU
			 "add r0, %[saved]\n\t"
			 "ldmia r0!, {r4-r11}\n\t"
			 "ldr r0, [r0]\n\t"
			 "msr psp, r0\n\t"
			 "isb\n\t"
			 "bx lr\n\t"
			 ".ltorg"
			 :
			 : [current] "i"(offsetof(struct z_kernel, cpus[0].current)),
			   [saved] "i"(offsetof(struct k_thread, callee_saved)), [locked] "i"(IRQ_LOCKED) FPU_OPERANDS);
}

/* Leaves the reset stack for good: it becomes the interrupt stack. */
void arch_start_first_thread(void)
{
	struct k_thread *thread = switch_to_next();

	/* Any valid stack will do: PendSV comes before the first instruction behind the unmasking. */
	__asm__ volatile("msr psp, %0\n\t"
			 "mov r0, #2\n\t"
			 "msr control, r0\n\t"
			 "isb\n\t"
			 "mov r0, #0\n\t"
			 "msr basepri, r0\n\t"
			 "isb\n\t"
			 "ldmia %1, {r0-r3}\n\t"
			 "ldr r12, [%1, #24]\n\t"
			 "orr r12, #1\n\t"
			 "mov lr, #0\n\t"
			 "bx r12"
			 :
			 : "r"(thread->callee_saved.psp + sizeof(struct basic_sf)),
			   "r"(thread->callee_saved.psp)
			 : "r0", "r1", "r2", "r3", "r12", "lr", "memory");
	__builtin_unreachable();
}
