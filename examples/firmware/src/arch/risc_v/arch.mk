# QEMU's RISC-V `virt` board without firmware of its own, 32 or 64 bits wide (XLEN).
# ARCH_BLOCK: for 32 bits 1 or 3 (default), for 64 bits 2 or 4 (default). BLOCK_SP=n: as 1 and 2 were before they had sp.
# EXCEPTION_DEBUG=n: the dump does without s1..s11 of the crash.

XLEN ?= 32
CROSS ?= riscv64-unknown-elf-
ARCH_BLOCK ?= $(if $(filter 64,$(XLEN)),4,3)
BLOCK_SP ?= y
EXCEPTION_DEBUG ?= y
HOST := semihosting
ARCH_CFLAGS := -Wa,--debug-prefix-map=$(CURDIR)=. -march=rv$(XLEN)imac_zicsr -mabi=$(if $(filter 64,$(XLEN)),lp64,ilp32) -mcmodel=medany -msmall-data-limit=0 \
	$(if $(filter y,$(BLOCK_SP)),-DCONFIG_COREDUMP_SP) $(if $(filter y,$(EXCEPTION_DEBUG)),-DCONFIG_EXCEPTION_DEBUG)
# The compiler names its library by the extensions that it was built for.
ARCH_LDFLAGS := -march=rv$(XLEN)imac
QEMU = qemu-system-riscv$(XLEN) -M virt -m 16 -bios none -net none -icount shift=5,sleep=off \
	-semihosting-config enable=on,target=native,arg=firmware,arg=$(SCENARIO) -kernel firmware.elf
