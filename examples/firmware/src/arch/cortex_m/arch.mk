# Cortex-M on an Arm MPS2+ board (AN385, AN386, AN500), as QEMU emulates it.
#   CPU         m3; m4f and m7: with floating point registers, those of m7 for double precision too;
#               m0: as m3, but the station is compiled for a Cortex-M0
#   ARCH_BLOCK  1, 2 or 3
#   SP          the stack pointer that is dumped: empty, or `frame` for that of old firmware

CROSS ?= arm-none-eabi-
CPU ?= m3
SP ?=
ARCH_BLOCK ?= 2
HOST := semihosting
ARCH_CLANG := --target=thumbv7m-none-eabi
ARCH_CXX := $(CROSS)g++

CPU_m3 := -mcpu=cortex-m3
CPU_m0 := -mcpu=cortex-m3
CPU_m4f := -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard -DCONFIG_FPU_SHARING
CPU_m7 := -mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard -DCONFIG_FPU_SHARING
BOARD := $(if $(filter m4f,$(CPU)),an386,$(if $(filter m7,$(CPU)),an500,an385))
ARCH_CFLAGS := $(CPU_$(CPU)) -mthumb -mno-unaligned-access $(if $(SP),-DCONFIG_COREDUMP_SP_IS_FRAME)
STATION_CFLAGS := $(if $(filter m0,$(CPU)),-mcpu=cortex-m0)

QEMU = qemu-system-arm -M mps2-$(BOARD) -icount shift=5,sleep=off \
	-semihosting-config enable=on,target=native,arg=firmware,arg=$(SCENARIO) -kernel firmware.elf
