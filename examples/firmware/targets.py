"""The architectures that the firmware runs on: what building, running and asking gdb must know about each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One architecture, by the name of its folder below `tests/golden`."""

    name: str
    options: dict[str, str]
    """What make is told; the rest is in `src/arch/<ARCH>/arch.mk`."""
    tools: str
    """What the names of compiler and binutils begin with."""
    qemu: str
    pointer_bits: int
    code: int
    """The target code in the dump's header."""
    blocks: frozenset[tuple[int, int]]
    """Versions and sizes in bytes that the dump's architecture block can have."""
    dumped: tuple[str | None, ...]
    """gdb's names of the pointer-sized words that every architecture block begins with; None for no register."""
    interrupt_entry: str
    """The outermost function of an interrupt."""
    switch_entries: frozenset[str] = frozenset()
    """Assembler that preempted and new threads go on in; gdb sees nothing below."""
    stub: str | None = None
    """A program that shows a dump of this architecture to gdb; without one, gdb reads the ELF core that is exported."""


CORTEX_M = Target(
    name="cortex-m",
    options={"ARCH": "cortex_m"},
    tools="arm-none-eabi-",
    qemu="qemu-system-arm",
    pointer_bits=32,
    code=3,
    blocks=frozenset({(1, 36), (2, 68), (3, 76)}),
    dumped=("r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr", "sp"),
    interrupt_entry="_isr_wrapper",
    stub="remote.py",
)

ARM64 = Target(
    name="arm64",
    options={"ARCH": "arm64"},
    tools="aarch64-linux-gnu-",
    qemu="qemu-system-aarch64",
    pointer_bits=64,
    code=6,
    blocks=frozenset({(1, 176), (2, 192), (3, 272)}),
    dumped=tuple(f"x{number}" for number in range(19)),
    interrupt_entry="_isr_wrapper",
    switch_entries=frozenset({"z_arm64_irq_done"}),
)

RISCV32 = Target(
    name="riscv32",
    options={"ARCH": "risc_v", "XLEN": "32"},
    tools="riscv64-unknown-elf-",
    qemu="qemu-system-riscv32",
    pointer_bits=32,
    code=4,
    blocks=frozenset({(1, 72), (1, 76), (3, 132)}),
    dumped=(),
    interrupt_entry="z_thread_entry",
)
RISCV64 = Target(
    name="riscv64",
    options={"ARCH": "risc_v", "XLEN": "64"},
    tools="riscv64-unknown-elf-",
    qemu="qemu-system-riscv64",
    pointer_bits=64,
    code=4,
    blocks=frozenset({(2, 144), (2, 152), (4, 264)}),
    dumped=(),
    interrupt_entry="z_thread_entry",
)

X86 = Target(
    name="x86",
    options={"ARCH": "x86"},
    tools="x86_64-linux-gnu-",
    qemu="qemu-system-i386",
    pointer_bits=32,
    code=1,
    blocks=frozenset({(1, 52), (1, 56)}),
    # Above esp may lie what k_oops() and k_panic() pushed, which the exported core leaves out.
    dumped=(None, None, "eax", "ecx", "edx", "ebx", None, "ebp", "esi", "edi", "eip", "eflags", "cs"),
    interrupt_entry="z_thread_entry",
)

X86_64 = Target(
    name="x86-64",
    options={"ARCH": "x86_64"},
    tools="x86_64-linux-gnu-",
    qemu="qemu-system-x86_64",
    pointer_bits=64,
    code=2,
    blocks=frozenset({(1, 136), (1, 176)}),
    dumped=(
        None,
        None,
        *["rax", "rcx", "rdx", "rsi", "rdi", "rsp", "r8", "r9", "r10", "r11", "rip", "eflags", "cs", "ss", "rbp"],
    ),
    interrupt_entry="z_thread_entry",
)

TARGETS = {target.name: target for target in (CORTEX_M, ARM64, RISCV32, RISCV64, X86, X86_64)}
