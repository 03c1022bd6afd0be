# Armv8-M in the Non-secure state: a Cortex-M33 on an Arm MPS2+ board (AN505), as QEMU emulates it. What it has in common
# with other Cortex-M is in src/arch/cortex_m.

CROSS ?= arm-none-eabi-
ARCH_BLOCK ?= 2
HOST := semihosting
ARCH_CFLAGS := -mcpu=cortex-m33+nofp -mfloat-abi=soft -mthumb -mno-unaligned-access -idirafter src/arch/cortex_m

QEMU = qemu-system-arm -M mps2-an505 -icount shift=5,sleep=off \
	-semihosting-config enable=on,target=native,arg=firmware,arg=$(SCENARIO) -kernel firmware.elf
