"""Applying a row of call frame information (DWARF 5, section 6.4.3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

from analyzer.cpu import Cpu
from analyzer.symbols.interface import Machine, RegisterRule, RuleKind, UnwindRow
from analyzer.unwind.frame import Frame

_MOST_SAVED = 512
"""Bytes of a stack that are read in one piece."""
Evaluate = Callable[[bytes, Machine, int | None], int | None]
"""Value of a DWARF expression: expression, machine, and what is on the stack before it starts, if anything."""


def canonical_frame_address(row: UnwindRow, frame: Frame, evaluate: Evaluate, mask: int) -> int | None:
    """The CFA of a frame; None where the register that it is counted from is not known."""
    if row.cfa_expression:
        return evaluate(row.cfa_expression, frame, None)
    base = frame.register(row.cfa_register)
    return None if base is None else (base + row.cfa_offset) & mask


class SavedBlock(NamedTuple):
    """Registers that were saved near each other, to be read in one piece."""

    offset: int
    """Of the first byte from the CFA."""
    size: int
    numbers: tuple[int, ...]
    unpack: Callable[[bytes], tuple[int, ...]]


def saved_block(row: UnwindRow, cpu: Cpu) -> SavedBlock | None:
    """What a row says of the registers that were saved at offsets from the CFA; None where they lie far apart."""
    places = _places(row, cpu)
    if not places:
        return None
    size, word = cpu.pointer_size, "I" if cpu.pointer_size == 4 else "Q"
    first, position, layout = places[0][1], places[0][1], "<"
    for _, offset in places:
        if offset < position or offset - first > _MOST_SAVED:
            return None
        layout += f"{offset - position}x{word}"
        position = offset + size
    return SavedBlock(first, position - first, tuple(number for number, _ in places), Struct(layout).unpack)


def _places(row: UnwindRow, cpu: Cpu) -> list[tuple[int, int]]:
    """Each register's number and offset from the CFA, those that are two side by side taken apart."""
    places: list[tuple[int, int]] = []
    for number, offset in row.saved:
        pair = cpu.pairs.get(number)
        places += [(number, offset)] if pair is None else [(pair[0], offset), (pair[1], offset + cpu.pointer_size)]
    return places


def caller_registers(
    row: UnwindRow, saved: SavedBlock | None, frame: Frame, cpu: Cpu, evaluate: Evaluate
) -> dict[int, int]:
    """The caller's registers, as far as they are known; the return address stands in the row's return register.

    `saved` is what `saved_block` makes of the row.
    """
    kept, cfa = cpu.callee_saved, frame.canonical_address
    mask = (1 << 8 * cpu.pointer_size) - 1
    registers = {number: value for number, value in frame.registers.items() if number in kept}
    _note(cpu.sp, cfa, registers, mask)
    if frame.interrupted:
        # Nothing was saved yet where no rule says so, and no call has come between that could have changed it.
        _note(row.return_register, frame.register(row.return_register), registers, mask)
    if row.saved:
        block = None if cfa is None or saved is None else frame.read(cfa + saved.offset, saved.size)
        if saved is not None and block is not None:
            registers.update(zip(saved.numbers, saved.unpack(block), strict=True))
        else:
            for number, offset in _places(row, cpu):
                raw = None if cfa is None else frame.read(cfa + offset, cpu.pointer_size)
                _note(number, None if raw is None else int.from_bytes(raw, "little"), registers, mask)
    if row.others:
        recovery = _Recovery(frame, cfa, evaluate, cpu.pointer_size)
        for number, rule in row.others:
            pair = cpu.pairs.get(number)
            values = (recovery.value(number, rule),) if pair is None else recovery.pair(number, rule)
            for each, value in zip(pair or (number,), values, strict=True):
                _note(each, value, registers, mask)
    return registers


def _note(number: int, value: int | None, registers: dict[int, int], mask: int) -> None:
    if value is None:
        registers.pop(number, None)
    else:
        registers[number] = value & mask


@dataclass(frozen=True, slots=True)
class _Recovery:
    """What the rules of one row are applied to."""

    frame: Frame
    cfa: int | None
    evaluate: Evaluate
    pointer_size: int

    def value(self, number: int, rule: RegisterRule) -> int | None:
        """The caller's value of a register."""
        match rule.kind:
            case RuleKind.SAME_VALUE | RuleKind.REGISTER:
                return self.frame.register(number if rule.kind is RuleKind.SAME_VALUE else rule.offset)
            case RuleKind.OFFSET | RuleKind.EXPRESSION:
                return self._word(self._location(rule))
            case RuleKind.VAL_OFFSET | RuleKind.VAL_EXPRESSION:
                return self._location(rule)
            case RuleKind.UNDEFINED:
                return None

    def pair(self, number: int, rule: RegisterRule) -> tuple[int | None, int | None]:
        """The caller's value of a register of two words, the less significant one first."""
        match rule.kind:
            case RuleKind.OFFSET | RuleKind.EXPRESSION:
                address = self._location(rule)
                return self._word(address), None if address is None else self._word(address + self.pointer_size)
            case RuleKind.SAME_VALUE | RuleKind.REGISTER:
                value = self.frame.register(number if rule.kind is RuleKind.SAME_VALUE else rule.offset)
                return (None, None) if value is None else (value, value >> 8 * self.pointer_size)
            case _:
                return None, None

    def _location(self, rule: RegisterRule) -> int | None:
        if rule.kind in (RuleKind.EXPRESSION, RuleKind.VAL_EXPRESSION):
            return self.evaluate(rule.expression, self.frame, self.cfa)
        return None if self.cfa is None else self.cfa + rule.offset

    def _word(self, address: int | None) -> int | None:
        raw = None if address is None else self.frame.read(address, self.pointer_size)
        return None if raw is None else int.from_bytes(raw, "little")


def without(registers: Mapping[int, int], *dropped: int) -> dict[int, int]:
    """A copy that does not know some registers."""
    return {number: value for number, value in registers.items() if number not in dropped}
