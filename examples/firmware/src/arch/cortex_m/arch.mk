# Cortex-M3 on an Arm MPS2+ board (AN385), as QEMU emulates it. ARCH_BLOCK: 1, 2 or 3.

CROSS ?= arm-none-eabi-
ARCH_BLOCK ?= 2
HOST := semihosting
ARCH_CXX := $(CROSS)g++
ARCH_CFLAGS := -mcpu=cortex-m3 -mthumb -mno-unaligned-access
QEMU = qemu-system-arm -M mps2-an385 -icount shift=5,sleep=off \
	-semihosting-config enable=on,target=native,arg=firmware,arg=$(SCENARIO) -kernel firmware.elf
