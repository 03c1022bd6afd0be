/* Fault exceptions and SVC: from the fault status registers to a reason code, then to the core dump. */
#include "arch/arch.h"

#include "../cortex_m/fatal_reasons.h"

#define EXC_RETURN_PSP 0x4U
#define XPSR_ALIGNED 0x200U

/* Bits of CFSR with the reason each stands for, in the order in which they are asked. */
static const struct {
	uint8_t bit;
	uint8_t reason;
} causes[] = {
	{20, K_ERR_STACK_CHK_FAIL}, /* STKOF: below PSPLIM */
	{1, K_ERR_ARM_MEM_DATA_ACCESS},
	{0, K_ERR_ARM_MEM_INSTRUCTION_ACCESS},
	{9, K_ERR_ARM_BUS_PRECISE_DATA_BUS},
	{8, K_ERR_ARM_BUS_INSTRUCTION_BUS},
	{25, K_ERR_ARM_USAGE_DIV_0},
	{24, K_ERR_ARM_USAGE_UNALIGNED_ACCESS},
	{17, K_ERR_ARM_USAGE_ILLEGAL_EPSR},
	{16, K_ERR_ARM_USAGE_UNDEFINED_INSTRUCTION},
};

static unsigned int reason_of(uint32_t cfsr)
{
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if ((cfsr & (1U << causes[i].bit)) != 0) {
			return causes[i].reason;
		}
	}
	return K_ERR_CPU_EXCEPTION;
}

/* Upon a stack overflow the hardware stacks nothing: then this is what lies above the limit, as Zephyr dumps it. */
static struct arch_esf esf_of(uint32_t msp, uint32_t psp, uint32_t exc_return, const struct callee_registers *callee)
{
	const struct basic_sf *frame = (const struct basic_sf *)((exc_return & EXC_RETURN_PSP) != 0 ? psp : msp);
	uint32_t aligned = (frame->xpsr & XPSR_ALIGNED) != 0 ? 4 : 0;

	return (struct arch_esf){frame, callee, (uint32_t)(frame + 1) + aligned};
}

__attribute__((used, noreturn)) static void fault(uint32_t msp, uint32_t psp, uint32_t exc_return,
						   const struct callee_registers *callee)
{
	struct arch_esf esf = esf_of(msp, psp, exc_return, callee);

	z_fatal_error(reason_of(SCB_CFSR), &esf);
}

__attribute__((used, noreturn)) static void svc(uint32_t msp, uint32_t psp, uint32_t exc_return,
						 const struct callee_registers *callee)
{
	struct arch_esf esf = esf_of(msp, psp, exc_return, callee);

	z_fatal_error(esf.basic->r0, &esf);
}

#define ENTRY(handler)                          \
	__asm__ volatile("mrs r0, msp\n\t"      \
			 "mrs r1, psp\n\t"      \
			 "mov r2, lr\n\t"       \
			 "push {r4-r11}\n\t"    \
			 "mov r3, sp\n\t"       \
			 "bl " #handler "\n\t")

__attribute__((naked)) void z_arm_exc_entry(void)
{
	ENTRY(fault);
}

__attribute__((naked)) void z_arm_svc(void)
{
	ENTRY(svc);
}
