# A PC as QEMU emulates it, in long mode. EXCEPTION_DEBUG=n leaves rbx and r12..r15 out of the dump, as Zephyr's option does.

CROSS ?= x86_64-linux-gnu-
ARCH_BLOCK ?= 1
EXCEPTION_DEBUG ?= y
HOST := qemu_pc
ARCH_CFLAGS := -m64 -march=x86-64 -mno-red-zone -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none \
	$(if $(filter y,$(EXCEPTION_DEBUG)),-DCONFIG_EXCEPTION_DEBUG)
ARCH_LDFLAGS := -no-pie -Wl,-z,noexecstack -Wl,-z,max-page-size=4096
# QEMU's Multiboot loader takes 32-bit files only.
QEMU = $(CROSS)objcopy -O elf32-i386 firmware.elf boot.elf && qemu-system-x86_64 -M pc -m 4 -no-reboot -net none \
	-icount shift=5,sleep=off -rtc clock=vm -debugcon file:coredump.bin -kernel boot.elf -append $(SCENARIO)
