"""The few instructions of x86 that an unwinding has to know, in both modes: calls, divisions, software interrupts.

Encodings: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, chapter 2 and appendix A.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.dump.memory import Memory

LONGEST = 15
"""Bytes of an instruction."""
_LONGEST_CALL = 7
"""Bytes of an indirect call without prefixes."""
_CALL, _GROUP_5, _GROUP_3, _INT = 0xE8, 0xFF, (0xF6, 0xF7), 0xCD
_CALL_OF_GROUP_5 = 2
_DIVISIONS_OF_GROUP_3 = (6, 7)
_OPERAND_SIZE, _REX = 0x66, range(0x40, 0x50)
_SIB, _NO_BASE, _NO_INDEX = 4, 5, 4


@dataclass(frozen=True, slots=True)
class Mode:
    """32-bit or 64-bit code."""

    word: int
    """Bytes of an address."""
    numbers: tuple[int, ...]
    """DWARF numbers of the registers in the order in which instructions count them: eax, ecx, edx, ebx, esp ..."""

    @property
    def mask(self) -> int:
        """Largest address."""
        return (1 << 8 * self.word) - 1


@dataclass(frozen=True, slots=True)
class Operand:
    """A register, or memory: what ModRM, SIB and displacement name (volume 2A, 2.1.5)."""

    size: int
    """Bytes of the encoding, ModRM included."""
    register: int | None = None
    """DWARF number."""
    base: int | None = None
    index: int | None = None
    scale: int = 0
    """Power of two."""
    displacement: int = 0
    relative: bool = False
    """Whether the displacement is counted from the following instruction."""

    def value(self, registers: Mapping[int, int], memory: Memory, mode: Mode, size: int, following: int) -> int | None:
        """The operand of `size` bytes; None where that is not known. `following` is the next instruction's address."""
        if self.register is not None:
            held = registers.get(self.register)
            return None if held is None else held & (1 << 8 * size) - 1
        address = self.address(registers, mode, following)
        return None if address is None else memory.unsigned(address, size)

    def address(self, registers: Mapping[int, int], mode: Mode, following: int) -> int | None:
        """Where an operand in memory is; None where that is not known, and of a register."""
        if self.register is not None:
            return None
        address = self.displacement + (following if self.relative else 0)
        for number, scale in ((self.base, 0), (self.index, self.scale)):
            if number is not None:
                held = registers.get(number)
                if held is None:
                    return None
                address += held << scale
        return address & mode.mask


def _code(memory: Memory, end: int, size: int) -> bytes:
    """Up to `size` bytes before an address."""
    return next((raw for count in range(size, 0, -1) if (raw := memory.read(end - count, count)) is not None), b"")


def operand(code: bytes, mode: Mode, rex: int = 0) -> Operand | None:
    """The operand whose ModRM byte `code` starts with; None where its bytes are not all there."""
    if not code:
        return None
    form, low = code[0] >> 6, code[0] & 7
    if form == 3:
        return Operand(1, register=mode.numbers[low | (rex & 1) << 3])
    base: int | None = low | (rex & 1) << 3
    index: int | None = None
    size, scale, relative = 1, 0, False
    displaced = {0: 0, 1: 1, 2: 4}[form]
    if low == _SIB:
        if len(code) < 2:
            return None
        size, scale, low = 2, code[1] >> 6, code[1] & 7
        base = low | (rex & 1) << 3
        index = code[1] >> 3 & 7 | (rex >> 1 & 1) << 3
        if index == _NO_INDEX:
            index = None
    if low == _NO_BASE and form == 0:
        relative = size == 1 and mode.word == 8
        base, displaced = None, 4
    raw = code[size : size + displaced]
    if len(raw) < displaced:
        return None
    return Operand(
        size + displaced,
        base=None if base is None else mode.numbers[base],
        index=None if index is None else mode.numbers[index],
        scale=scale,
        displacement=int.from_bytes(raw, "little", signed=True),
        relative=relative,
    )


def indirect_call(return_address: int, memory: Memory, mode: Mode) -> Operand | None:
    """What the indirect call before a return address goes through; None unless there is one."""
    code = _code(memory, return_address, _LONGEST_CALL + 1)
    for size in range(2, min(_LONGEST_CALL, len(code)) + 1):
        tail = code[-size:]
        if tail[0] != _GROUP_5 or tail[1] >> 3 & 7 != _CALL_OF_GROUP_5:
            continue
        prefix = code[-size - 1] if len(code) > size and mode.word == 8 else 0
        found = operand(tail[1:], mode, prefix if prefix in _REX else 0)
        if found is not None and found.size == size - 1:
            return found
    return None


def follows_call(address: int, memory: Memory, mode: Mode) -> bool:
    """Whether a call, direct or not, stands before an address."""
    opcode = memory.unsigned(address - 5, 1)
    return opcode == _CALL or indirect_call(address, memory, mode) is not None


def after_interrupt(pc: int, memory: Memory) -> bool:
    """Whether `INT n` stands before an address."""
    return memory.unsigned(pc - 2, 1) == _INT


def divisor(pc: int, registers: Mapping[int, int], memory: Memory, mode: Mode) -> tuple[bool, int | None]:
    """Whether the instruction at pc divides, and by what, where that is known."""
    code = next((raw for size in range(LONGEST, 1, -1) if (raw := memory.read(pc, size)) is not None), b"")
    at, rex, size = 0, 0, 4
    while at < len(code) and code[at] == _OPERAND_SIZE:
        at, size = at + 1, 2
    if at < len(code) and mode.word == 8 and code[at] in _REX:
        rex, at = code[at], at + 1
        size = 8 if rex & 8 else size
    if at + 1 >= len(code) or code[at] not in _GROUP_3 or code[at + 1] >> 3 & 7 not in _DIVISIONS_OF_GROUP_3:
        return False, None
    size = 1 if code[at] == _GROUP_3[0] else size
    found = operand(code[at + 1 :], mode, rex)
    if found is None or (size == 1 and found.register is not None):
        # Byte registers are not counted like the others.
        return True, None
    return True, found.value(registers, memory, mode, size, pc + at + 1 + found.size)
