# Armv8.1-M in the Secure state, which it never leaves: a Cortex-M55 with floating point registers on an Arm MPS3 board
# (AN547), as QEMU emulates it. What it has in common with other Cortex-M is in src/arch/cortex_m and src/arch/armv8_m.

CROSS ?= arm-none-eabi-
ARCH_BLOCK ?= 2
HOST := semihosting
ARCH_CFLAGS := -mcpu=cortex-m55+nomve -mfloat-abi=hard -mthumb -mno-unaligned-access -DCONFIG_FPU_SHARING \
	-idirafter src/arch/cortex_m

QEMU = qemu-system-arm -M mps3-an547 -icount shift=5,sleep=off \
	-semihosting-config enable=on,target=native,arg=firmware,arg=$(SCENARIO) -kernel firmware.elf
