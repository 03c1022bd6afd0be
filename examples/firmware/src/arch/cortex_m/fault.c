/* Fault exceptions and SVC: from the fault status registers to a reason code, then to the core dump. */
#include "arch/arch.h"

#include "fatal_reasons.h"

#define EXC_RETURN_PSP 0x4U
#define EXC_RETURN_BASIC_FRAME 0x10U
#define FPU_FRAME_SIZE 72U /* s0..s15, FPSCR, a reserved word */
#define XPSR_ALIGNED 0x200U

/* Bits of CFSR with the reason each stands for, in the order in which they are asked. */
static const struct {
	uint8_t bit;
	uint8_t reason;
} causes[] = {
	{4, K_ERR_ARM_MEM_STACKING},	    {3, K_ERR_ARM_MEM_UNSTACKING},
	{1, K_ERR_ARM_MEM_DATA_ACCESS},	    {0, K_ERR_ARM_MEM_INSTRUCTION_ACCESS},
	{12, K_ERR_ARM_BUS_STACKING},	    {11, K_ERR_ARM_BUS_UNSTACKING},
	{9, K_ERR_ARM_BUS_PRECISE_DATA_BUS}, {10, K_ERR_ARM_BUS_IMPRECISE_DATA_BUS},
	{8, K_ERR_ARM_BUS_INSTRUCTION_BUS}, {25, K_ERR_ARM_USAGE_DIV_0},
	{24, K_ERR_ARM_USAGE_UNALIGNED_ACCESS}, {19, K_ERR_ARM_USAGE_NO_COPROCESSOR},
	{18, K_ERR_ARM_USAGE_ILLEGAL_EXC_RETURN}, {17, K_ERR_ARM_USAGE_ILLEGAL_EPSR},
	{16, K_ERR_ARM_USAGE_UNDEFINED_INSTRUCTION},
};

#define CFSR_DACCVIOL (1U << 1)
#define CFSR_MSTKERR (1U << 4)
#define CFSR_MMARVALID (1U << 7)

static unsigned int reason_of(uint32_t cfsr, uint32_t mmfar)
{
	bool guard_hit = (cfsr & CFSR_MSTKERR) != 0 || ((cfsr & CFSR_MMARVALID) != 0 && mpu_is_guard(_current, mmfar));

	if ((cfsr & (CFSR_DACCVIOL | CFSR_MSTKERR)) != 0 && guard_hit) {
		return K_ERR_STACK_CHK_FAIL;
	}
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if ((cfsr & (1U << causes[i].bit)) != 0) {
			return causes[i].reason;
		}
	}
	return K_ERR_CPU_EXCEPTION;
}

/*
 * The stack pointer as it was before the exception: above the frame, which is larger when it holds floating point
 * registers, and above the word that may have aligned it. Firmware before Zephyr 4.1 dumps the frame's own address.
 */
static uint32_t sp_before(const struct basic_sf *frame, uint32_t exc_return)
{
#ifdef CONFIG_COREDUMP_SP_IS_FRAME
	(void)exc_return;
	return (uint32_t)frame;
#else
	return (uint32_t)frame + sizeof(*frame) + ((exc_return & EXC_RETURN_BASIC_FRAME) != 0 ? 0 : FPU_FRAME_SIZE) +
	       ((frame->xpsr & XPSR_ALIGNED) != 0 ? 4 : 0);
#endif
}

static struct arch_esf esf_of(uint32_t msp, uint32_t psp, uint32_t exc_return, const struct callee_registers *callee)
{
	const struct basic_sf *frame = (const struct basic_sf *)((exc_return & EXC_RETURN_PSP) != 0 ? psp : msp);

	return (struct arch_esf){frame, callee, sp_before(frame, exc_return)};
}

__attribute__((used, noreturn)) static void fault(uint32_t msp, uint32_t psp, uint32_t exc_return,
						   const struct callee_registers *callee)
{
	struct arch_esf esf = esf_of(msp, psp, exc_return, callee);

	z_fatal_error(reason_of(SCB_CFSR, SCB_MMFAR), &esf);
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
