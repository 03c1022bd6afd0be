/* Switching threads by handles, which here are the threads (Zephyr's arch/x86/core/intel64). */
#include "arch/arch.h"

#define CHECK(offset, structure, member) _Static_assert(offsetof(structure, member) == (offset), "offsets.h")

CHECK(KERNEL_NESTED, struct z_kernel, cpus[0].nested);
CHECK(KERNEL_IRQ_STACK, struct z_kernel, cpus[0].irq_stack);
CHECK(KERNEL_CURRENT, struct z_kernel, cpus[0].current);
CHECK(KERNEL_READY_CACHE, struct z_kernel, ready_q.cache);
CHECK(THREAD_RSP, struct k_thread, callee_saved.rsp);
CHECK(THREAD_RFLAGS, struct k_thread, callee_saved.rflags);
CHECK(THREAD_SWITCH_HANDLE, struct k_thread, switch_handle);
CHECK(THREAD_FLAGS, struct k_thread, arch.flags);
CHECK(THREAD_RAX, struct k_thread, arch.rax);
CHECK(THREAD_R11, struct k_thread, arch.r11);
CHECK(THREAD_SSE, struct k_thread, arch.sse);

#define RFLAGS_INITIAL 0x202U
#define FXSAVE_FCW 0
#define FXSAVE_MXCSR 24
#define FCW_INITIAL 0x37f
#define MXCSR_INITIAL 0x1f80

void z_x86_switch(void *switch_to, void **switched_from);

void arch_new_thread(struct k_thread *thread, void (*start)(k_thread_entry_t, void *, void *, void *))
{
	uintptr_t top = (thread->stack_info.start + thread->stack_info.size) & ~(uintptr_t)15;
	uint64_t *return_address = (uint64_t *)(top - 8);

	*return_address = 0; /* nothing called it */
	thread->callee_saved.rsp = (uintptr_t)return_address;
	thread->callee_saved.rip = (uintptr_t)start;
	thread->callee_saved.rflags = RFLAGS_INITIAL;
	thread->arch.rdi = (uintptr_t)thread->entry.pEntry;
	thread->arch.rsi = (uintptr_t)thread->entry.parameter1;
	thread->arch.rdx = (uintptr_t)thread->entry.parameter2;
	thread->arch.rcx = (uintptr_t)thread->entry.parameter3;
	*(uint16_t *)(thread->arch.sse + FXSAVE_FCW) = FCW_INITIAL;
	*(uint32_t *)(thread->arch.sse + FXSAVE_MXCSR) = MXCSR_INITIAL;
	thread->arch.flags = X86_THREAD_FLAG_ALL;
	thread->switch_handle = thread;
}

NOINLINE int arch_swap(unsigned int key)
{
	struct k_thread *old = _current;

	old->swap_retval = -EAGAIN;
	_current = _kernel.ready_q.cache;
	if (old != _current) {
		z_x86_switch(_current->switch_handle, &old->switch_handle);
	}
	irq_unlock(key);
	return old->swap_retval;
}
