"""How each architecture's registers lie in the notes of an ELF core: `struct elf_prstatus` and `struct elf_prpsinfo`.

The sizes are those that BFD recognises, by architecture (`grok_prstatus` and `grok_psinfo` in binutils'
`bfd/elf*-<architecture>.c`); the order of the registers is that of the Linux kernel's `elf_gregset_t`
(`arch/<architecture>/include/asm/elf.h` and `ptrace.h`), which gdb's bare-metal cores share (`gdb/arm-none-tdep.c`,
`gdb/riscv-none-tdep.c`). Registers are named by DWARF number, as in `analyzer.cpu`.
"""

from dataclasses import dataclass

PC, STATUS, ZERO, ONE = -1, -2, -3, -4
"""Slots that no DWARF register number names: the program counter, the status register, and two constants."""

Slots = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The notes of one architecture; sizes and offsets in bytes."""

    word: int
    """Of a register."""
    registers: Slots
    """`pr_reg`: DWARF number, or one of the slots above."""
    prpsinfo: int
    """Size of `elf_prpsinfo`."""
    name: int
    """Offset of `pr_fname` in it."""
    status: int = 0
    """What stands for a status register that is not known."""

    @property
    def pid(self) -> int:
        """Offset of `pr_pid` in `elf_prstatus`, behind `pr_info`, `pr_cursig` and two masks of signals."""
        return 16 + 2 * self.word

    @property
    def pr_reg(self) -> int:
        """Offset of `pr_reg`, behind four process ids and four times."""
        return self.pid + 16 + 8 * self.word

    @property
    def prstatus(self) -> int:
        """Size of `elf_prstatus`: `pr_fpvalid` follows the registers."""
        return self.pr_reg + self.word * (len(self.registers) + 1)


def _arm() -> Slots:
    return (*range(15), PC, STATUS, ZERO)


def _arm64() -> Slots:
    return (*range(32), PC, STATUS)


def _riscv() -> Slots:
    return (PC, *range(1, 32))


def _xtensa() -> Slots:
    """The pc, ps, lbeg, lend, lcount, sar, windowstart, windowbase, a gap, and the register file.

    Of its windows only the first is said to be live (`gdb/arch/xtensa.h`).
    """
    return (PC, STATUS, *(ZERO,) * 4, ONE, *(ZERO,) * 57, *range(16), *(ZERO,) * 48)


def _x86() -> Slots:
    ebx, ecx, edx, esi, edi, ebp, eax, esp = 3, 1, 2, 6, 7, 5, 0, 4
    ds, es, fs, gs, cs, ss = 43, 40, 44, 45, 41, 42
    return (ebx, ecx, edx, esi, edi, ebp, eax, ds, es, fs, gs, ZERO, PC, cs, STATUS, esp, ss)


def _x86_64() -> Slots:
    rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp = range(8)
    es, cs, ss, ds, fs, gs, fs_base, gs_base = 50, 51, 52, 53, 54, 55, 58, 59
    scratch = (11, 10, 9, 8, rax, rcx, rdx, rsi, rdi)
    return (15, 14, 13, 12, rbp, rbx, *scratch, ZERO, PC, cs, STATUS, rsp, ss, fs_base, gs_base, ds, es, fs, gs)


LAYOUTS = {
    (3, 4): Layout(4, _x86(), prpsinfo=124, name=28, status=0x2),
    (40, 4): Layout(4, _arm(), prpsinfo=124, name=28, status=1 << 24),
    (62, 8): Layout(8, _x86_64(), prpsinfo=136, name=40, status=0x2),
    (94, 4): Layout(4, _xtensa(), prpsinfo=124, name=28),
    (183, 8): Layout(8, _arm64(), prpsinfo=136, name=40),
    (243, 4): Layout(4, _riscv(), prpsinfo=128, name=32),
    (243, 8): Layout(8, _riscv(), prpsinfo=136, name=40),
}
"""By ELF e_machine and bytes of a pointer. Cortex-M executes nothing but Thumb, x86 has a flag that is always set."""
