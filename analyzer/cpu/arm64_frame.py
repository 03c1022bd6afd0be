"""Exception frames of ARM64: Zephyr's `include/zephyr/arch/arm64/exc.h` (`struct arch_esf`, earlier `struct __esf`)."""

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.cpu.base import Context, FieldOf
from analyzer.dump.memory import Memory
from analyzer.symbols.interface import Field

FP, LR, SP, PC = 29, 30, 31, 32
SPSR, ELR = -1, -2
"""Words of a frame that are no registers of the interrupted code."""
BASIC_SIZE = 8 * 22
ALIGNMENT = 16

_STRUCTURES = ("arch_esf", "__esf")
_BASIC = {**{f"x{number}": number for number in range(19)}, "lr": LR, "spsr": SPSR, "elr": ELR}
_OPTIONAL = {"fp": FP, "sp": SP}
_NAMES = {**_BASIC, **_OPTIONAL}
_SPSR_RESERVED = ~0xFFFF_FFFF | 0x0C0F_C030
"""Bits that are zero in every extension: above 32, reserved ones, and AArch32 state."""
_MODES = (0, 4, 5, 8, 9, 12, 13)
"""EL0, and each of the higher levels with either stack pointer."""


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """Where the words of an exception frame are."""

    offsets: Mapping[int, int]
    size: int

    def read(self, address: int, memory: Memory) -> Context | None:
        """The interrupted context; None where there is no frame that an exception can have left."""
        if address % ALIGNMENT:
            return None
        raw = memory.read(address, self.size)
        if raw is None:
            return None
        words = {number: int.from_bytes(raw[at : at + 8], "little") for number, at in self.offsets.items()}
        status, pc = words.pop(SPSR), words.pop(ELR)
        if not is_status(status) or not pc or pc % 4 or memory.read(pc, 4) is None:
            return None
        if not words.get(FP):
            words.pop(FP, None)
        if is_user(status):
            # The stack pointer of user mode is its own; only a frame that has room for it tells it.
            return Context({**words, PC: pc}, status)
        return Context({**words, PC: pc, SP: address + self.size}, status)


def is_status(value: int) -> bool:
    """Whether a word can be an SPSR of AArch64 state (DDI 0487, C5.2.18)."""
    return not value & _SPSR_RESERVED and value & 15 in _MODES


def is_user(status: int) -> bool:
    """Whether code ran at EL0."""
    return status & 15 == 0


def layout_of(field_of: FieldOf) -> FrameLayout | None:
    """The layout of this firmware; None where its debug information describes frames in an unknown way.

    Without debug information it is the one that has been the same since there are core dumps for this architecture.
    """
    described: dict[int, Field] = {}
    for structure in _STRUCTURES:
        found = {number: field_of(structure, name) for name, number in _NAMES.items()}
        described = {number: field for number, field in found.items() if field is not None}
        if described:
            break
    if not described:
        return FrameLayout({number: 8 * index for index, number in enumerate(_BASIC.values())}, BASIC_SIZE)
    if not set(_BASIC.values()) <= set(described) or any(field.size != 8 for field in described.values()):
        return None
    end = max(field.offset for field in described.values()) + 8
    offsets = {number: field.offset for number, field in described.items()}
    return FrameLayout(offsets, -(-end // ALIGNMENT) * ALIGNMENT)
