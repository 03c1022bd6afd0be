# Cortex-A53 on QEMU's virt board, at EL1. ARCH_BLOCK: 1, 2 or 3; from 2 on code keeps frame pointers and frames hold them.

CROSS ?= aarch64-linux-gnu-
ARCH_BLOCK ?= 2
HOST := semihosting
ARCH_CFLAGS := -mcpu=cortex-a53 -mstrict-align -mno-outline-atomics -fno-pic -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-unwind-tables $(if $(filter 1,$(ARCH_BLOCK)),-fomit-frame-pointer,-fno-omit-frame-pointer)
ARCH_LDFLAGS := -no-pie
ARCH_CLANG := --target=aarch64-none-elf # COMPILER=clang
QEMU = qemu-system-aarch64 -M virt,gic-version=2 -cpu cortex-a53 -m 128M -icount shift=5,sleep=off \
	-semihosting-config enable=on,target=native,arg=firmware,arg=$(SCENARIO) -kernel firmware.elf
