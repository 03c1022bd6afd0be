/* From reset to the first thread. */
#include "kernel/kernel.h"

#include "arch/arch.h"
#include "libc.h"

extern char _data_load[], _data_start[], _data_end[], _bss_start[], _bss_end[];

struct z_kernel _kernel;

char z_interrupt_stacks[CONFIG_ISR_STACK_SIZE] __attribute__((aligned(ARCH_STACK_ALIGN), section(".noinit.stacks")));

static struct k_thread main_thread;
K_THREAD_STACK_DEFINE(main_stack, 1024);
static struct k_thread idle_thread;
K_THREAD_STACK_DEFINE(idle_stack, 256);

static void idle(void *p1, void *p2, void *p3)
{
	(void)p1;
	(void)p2;
	(void)p3;
	for (;;) {
		arch_cpu_idle();
	}
}

static __attribute__((noreturn)) void z_cstart(void)
{
	irq_lock();
	sys_dlist_init(&_kernel.ready_q.runq);
	_kernel.cpus[0].irq_stack = z_interrupt_stacks + sizeof(z_interrupt_stacks);
	_kernel.cpus[0].idle_thread = k_thread_create(&idle_thread, idle_stack, sizeof(idle_stack), idle, NULL, NULL,
						      NULL, K_LOWEST_THREAD_PRIO, K_ESSENTIAL, "idle");
	k_thread_start(&idle_thread);
	k_thread_start(k_thread_create(&main_thread, main_stack, sizeof(main_stack), app_main, NULL, NULL, NULL, 0,
				       K_ESSENTIAL, "main"));
	arch_init();
	arch_start_first_thread();
}

void z_prep_c(void)
{
	memcpy(_data_start, _data_load, (size_t)(_data_end - _data_start)); /* onto itself where all is loaded into RAM */
	memset(_bss_start, 0, (size_t)(_bss_end - _bss_start));
	z_cstart();
}
