"""RISC-V exception frames: what Zephyr's trap entry puts on the stack of whom it interrupts.

The structure: `struct arch_esf` in Zephyr's `include/zephyr/arch/riscv/exception.h`, up to Zephyr 3.6 `struct __esf` in
`exp.h`. Its members differ with version, options and chip, so they are taken from the debug information only. How it
comes to be: `arch/riscv/core/isr.S`. mstatus: the RISC-V Instruction Set Manual, volume II, "Machine Status".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from analyzer.cpu.base import FieldOf
from analyzer.dump.memory import Memory

RA, SP, GP, TP, S0, S1, PC = 1, 2, 3, 4, 8, 9, 64
"""DWARF numbers; the program counter has the one of the alternate frame return column, which is what it is used for."""
NAMES = {
    RA: "ra", SP: "sp", GP: "gp", TP: "tp", 5: "t0", 6: "t1", 7: "t2", S0: "s0", S1: "s1",
    **{10 + number: f"a{number}" for number in range(8)},
    **{16 + number: f"s{number}" for number in range(2, 12)},
    **{25 + number: f"t{number}" for number in range(3, 7)},
}  # fmt: skip
CALLEE_SAVED = (S0, S1, *range(18, 28))
_STRUCTURES = ("arch_esf", "__esf")
_IN_FRAME = {number: name for number, name in NAMES.items() if number != SP and number not in CALLEE_SAVED[1:]}
_MIE, _MPP, _MACHINE = 1 << 3, 3, 3
_RESERVED = {4: 0x7E000015, 8: 0x7FFFF8007E000015}
"""Bits of mstatus that are zero in every version of the architecture, by bytes of a register."""


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """Where a firmware's exception frames keep what; offsets in bytes."""

    registers: Mapping[int, int]
    """Register number to offset; the program counter among them."""
    status: int | None
    user_pointer: int | None
    """Of the stack pointer of code that ran in user mode."""
    cause: int | None
    """Of mcause, which chips with a core-local interrupt controller keep too."""
    callee_saved: int | None
    """Of a pointer to a `struct _callee_saved` with the registers that the frame itself does not have."""
    size: int
    width: int
    """Bytes of a register."""


@dataclass(frozen=True, slots=True)
class ExceptionFrame:
    """A frame and what was interrupted by it."""

    registers: Mapping[int, int]
    """The stack pointer before the exception among them."""
    status: int | None
    cause: int | None
    by_user: bool
    """Whether it was code in user mode."""

    def is_plausible(self, width: int) -> bool:
        """Whether these are registers that a CPU can have had: a trap is taken with interrupts off afterwards."""
        status = self.status
        if status is None or status & (_RESERVED[width] | _MIE):
            return False
        return self.by_user or status >> 11 & _MPP == _MACHINE


def read_layout(field_of: FieldOf, width: int) -> FrameLayout | None:
    """The layout of this firmware's frames; None where its debug information has no such structure."""
    for structure in _STRUCTURES:
        whole = field_of(structure, "")
        if whole is None:
            continue
        found = {number: field_of(structure, name) for number, name in _IN_FRAME.items()}
        found[PC] = field_of(structure, "mepc") or field_of(structure, "xepc")
        registers = {number: field.offset for number, field in found.items() if field is not None}
        if PC not in registers or RA not in registers:
            continue
        status = field_of(structure, "mstatus") or field_of(structure, "xstatus")
        pointer, saved, cause = (field_of(structure, name) for name in ("sp", "csf", "mcause"))
        return FrameLayout(
            registers,
            status=None if status is None else status.offset,
            user_pointer=None if pointer is None else pointer.offset,
            cause=None if cause is None else cause.offset,
            callee_saved=None if saved is None else saved.offset,
            size=whole.size,
            width=width,
        )
    return None


def read_frame(address: int, layout: FrameLayout, memory: Memory) -> ExceptionFrame | None:
    """The frame at an address; None unless the dump holds all of it."""
    raw = memory.read(address, layout.size)
    if raw is None or address % layout.width:
        return None

    def word(offset: int) -> int:
        return int.from_bytes(raw[offset : offset + layout.width], "little")

    width = layout.width
    registers = {number: int.from_bytes(raw[at : at + width], "little") for number, at in layout.registers.items()}
    status = None if layout.status is None else word(layout.status)
    by_user = layout.user_pointer is not None and status is not None and not status >> 11 & _MPP
    registers[SP] = word(layout.user_pointer) if by_user and layout.user_pointer is not None else address + layout.size
    return ExceptionFrame(registers, status, None if layout.cause is None else word(layout.cause), by_user)


def frames_with(
    values: Mapping[int, int], layout: FrameLayout, memory: Memory, known: int | None = None
) -> Iterator[int]:
    """Addresses of the dumped frames that hold these values of registers, of each of which `known` bytes are given."""
    size = known or layout.width
    slots = sorted((offset, number) for number, offset in layout.registers.items() if number in values)
    pattern, position = b"", 0
    for offset, number in slots:
        # What the first slot has before it is no part of the pattern: a literal at its start is found fast.
        gap = b".{%d}" % (offset - position) if pattern and offset > position else b""
        pattern += gap + re.escape((values[number] & (1 << 8 * size) - 1).to_bytes(size, "little"))
        position = offset + size
    if not slots:
        return
    for found in memory.occurrences(re.compile(pattern, re.DOTALL)):
        address = found - slots[0][0]
        if address % layout.width == 0:
            yield address
