# A PC as QEMU emulates it, in 32-bit protected mode. CR3=y dumps that register too, as the first releases of Zephyr do.

CROSS ?= x86_64-linux-gnu-
ARCH_BLOCK ?= 1
HOST := qemu_pc
ARCH_CFLAGS := -m32 -march=i686 -mno-sse -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
	$(if $(filter y,$(CR3)),-DCONFIG_COREDUMP_CR3)
ARCH_LDFLAGS := -no-pie -Wl,-z,noexecstack
QEMU = qemu-system-i386 -M pc -m 4 -no-reboot -net none -icount shift=5,sleep=off -rtc clock=vm \
	-debugcon file:coredump.bin -kernel firmware.elf -append $(SCENARIO)
