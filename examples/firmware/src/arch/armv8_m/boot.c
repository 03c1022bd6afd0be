/*
 * Reset, in the Secure state: gives memory and interrupts away, then starts the firmware in the Non-secure state, where
 * most devices run it. Armv8-M ARM, D1.2; Arm CoreLink SIE-200 (TRM, 3.6) for the memory protection controllers.
 */
#include "arch/arch.h"

#define SAU_CTRL 0xE000EDD0
#define SAU_ALL_NON_SECURE 2
#define AIRCR 0xE000ED0C
#define AIRCR_FAULTS_NON_SECURE 0x05FA2000 /* with the key that lets it be written */
#define NVIC_ITNS0 0xE000E380
#define VTOR_NS 0xE002ED08
#define MPC_CODE 0x58007000
#define MPC_RAM 0x58008000
#define MPC_NEXT_BY_ITSELF 0x100

__attribute__((naked, noreturn, section(".secure_boot"))) static void secure_reset(void)
{
	__asm__ volatile("ldr r0, =%c[sau]\n\t"
			 "movs r1, %[all_non_secure]\n\t"
			 "str r1, [r0]\n\t"
			 "ldr r0, =%c[mpc_code]\n\t"
			 "mvn r2, #1\n\t" /* but for the block that this is in */
			 "bl 2f\n\t"
			 "ldr r0, =%c[mpc_ram]\n\t"
			 "mvn r2, #0\n\t"
			 "bl 2f\n\t"
			 "ldr r0, =%c[aircr]\n\t"
			 "ldr r1, =%c[faults]\n\t"
			 "str r1, [r0]\n\t"
			 "ldr r0, =%c[itns]\n\t"
			 "mvn r1, #0\n\t"
			 "str r1, [r0]\n\t"
			 "dsb\n\t"
			 "isb\n\t"
			 "ldr r0, =%c[vtor]\n\t"
			 "ldr r1, =_code_start\n\t"
			 "str r1, [r0]\n\t"
			 "ldr r2, [r1]\n\t"
			 "msr msp_ns, r2\n\t"
			 "ldr r2, [r1, #4]\n\t"
			 "bic r2, #1\n\t"
			 "bxns r2\n"
			 /* The blocks behind a controller: those of the first 32 that r2 names, and all others. */
			 "2:\tmov r1, %[next]\n\t"
			 "str r1, [r0]\n\t"
			 "movs r1, #0\n\t"
			 "str r1, [r0, #0x18]\n\t"
			 "ldr r1, [r0, #0x10]\n" /* number of the last word of the table */
			 "3:\tstr r2, [r0, #0x1c]\n\t"
			 "mvn r2, #0\n\t"
			 "subs r1, #1\n\t"
			 "bpl 3b\n\t"
			 "bx lr\n\t"
			 ".ltorg"
			 :
			 : [sau] "i"(SAU_CTRL), [all_non_secure] "i"(SAU_ALL_NON_SECURE), [mpc_code] "i"(MPC_CODE),
			   [mpc_ram] "i"(MPC_RAM), [aircr] "i"(AIRCR), [faults] "i"(AIRCR_FAULTS_NON_SECURE),
			   [itns] "i"(NVIC_ITNS0), [vtor] "i"(VTOR_NS), [next] "i"(MPC_NEXT_BY_ITSELF));
}

/* No stack is needed. */
__attribute__((used, section(".secure_vectors"))) static void (*const secure_vectors[2])(void) = {NULL, secure_reset};
