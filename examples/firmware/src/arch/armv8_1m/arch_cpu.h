/* The Cortex-M55 on an Arm MPS3 board (AN547): where its memory differs from that of an AN505. */
#ifndef ARCH_ARMV8_1M_ARCH_CPU_H
#define ARCH_ARMV8_1M_ARCH_CPU_H

#include "../armv8_m/arch_cpu.h"

#undef RAM_START
#define RAM_START 0x20000000 /* the data TCM */
#undef ARCH_NOWHERE
#define ARCH_NOWHERE 0x4e000000

#endif
