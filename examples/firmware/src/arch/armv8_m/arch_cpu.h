/* The Cortex-M33 on an Arm MPS2+ board (AN505): what Armv8-M has besides (Armv8-M ARM, D1.2). */
#ifndef ARCH_ARMV8_M_ARCH_CPU_H
#define ARCH_ARMV8_M_ARCH_CPU_H

#include "../cortex_m/arch_cpu.h"

#define RAM_START 0x28000000

#define MPU_RNR REG32(0xE000ED98)
#define MPU_RLAR REG32(0xE000EDA0)
#define MPU_MAIR0 REG32(0xE000EDC0)

#endif
