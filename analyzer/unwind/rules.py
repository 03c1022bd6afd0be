"""Applying a row of call frame information (DWARF 5, section 6.4.3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

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


def caller_registers(row: UnwindRow, frame: Frame, cfa: int | None, cpu: Cpu, evaluate: Evaluate) -> dict[int, int]:
    """The caller's registers, as far as they are known; the return address stands in the row's return register."""
    kept = cpu.callee_saved
    registers = {number: value for number, value in frame.registers.items() if number in kept}
    found: dict[int, int | None] = {cpu.sp: cfa}
    if frame.interrupted:
        # Nothing was saved yet where no rule says so, and no call has come between that could have changed it.
        found[row.return_register] = frame.register(row.return_register)
    if row.saved:
        found |= _read_saved(row, frame, cfa, cpu)
    if row.others:
        recovery = _Recovery(frame, cfa, evaluate, cpu.pointer_size)
        for number, rule in row.others:
            pair = cpu.pairs.get(number)
            if pair is None:
                found[number] = recovery.value(number, rule)
            else:
                found.update(zip(pair, recovery.pair(number, rule), strict=True))
    mask = (1 << 8 * cpu.pointer_size) - 1
    for number, value in found.items():
        if value is not None:
            registers[number] = value & mask
        else:
            registers.pop(number, None)
    return registers


def _read_saved(row: UnwindRow, frame: Frame, cfa: int | None, cpu: Cpu) -> dict[int, int | None]:
    """Registers that were saved at offsets from the CFA: in one piece, for they mostly lie side by side."""
    size = cpu.pointer_size
    places: list[tuple[int, int]] = []
    for number, offset in row.saved:
        pair = cpu.pairs.get(number)
        places += [(number, offset)] if pair is None else [(pair[0], offset), (pair[1], offset + size)]
    if cfa is None:
        return dict.fromkeys(number for number, _ in places)
    first, last = places[0][1], places[-1][1] + size
    block = frame.read(cfa + first, last - first) if last - first <= _MOST_SAVED else None
    if block is not None and len(block) == last - first:
        return {
            number: int.from_bytes(block[offset - first : offset - first + size], "little") for number, offset in places
        }
    words = [(number, frame.read(cfa + offset, size)) for number, offset in places]
    return {number: None if raw is None else int.from_bytes(raw, "little") for number, raw in words}


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
