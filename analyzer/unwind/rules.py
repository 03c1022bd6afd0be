"""Applying a row of call frame information (DWARF 5, section 6.4.3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from analyzer.cpu import Cpu
from analyzer.symbols.interface import Machine, RegisterRule, RuleKind, UnwindRow
from analyzer.unwind.frame import Frame
from analyzer.unwind.saved import saved_places

Evaluate = Callable[[bytes, Machine, int | None], int | None]
"""Value of a DWARF expression: expression, machine, and what is on the stack before it starts, if anything."""


def canonical_frame_address(row: UnwindRow, frame: Frame, evaluate: Evaluate, mask: int) -> int | None:
    """The CFA of a frame; None where the register that it is counted from is not known."""
    if row.cfa_expression:
        return evaluate(row.cfa_expression, frame, None)
    base = frame.register(row.cfa_register)
    return None if base is None else (base + row.cfa_offset) & mask


def caller_registers(row: UnwindRow, frame: Frame, cpu: Cpu, evaluate: Evaluate, mask: int) -> dict[int, int]:
    """The caller's registers, as far as they are known; the return address stands in the row's return register.

    `row` is that of the frame's site.
    """
    cfa, saved = frame.canonical_address, frame.site.saved
    registers = cpu.surviving(frame.registers) if frame.not_passed_on is None else {**frame.registers}
    for number in frame.not_passed_on or ():
        registers.pop(number, None)
    if cfa is None:
        registers.pop(cpu.sp, None)
    else:
        registers[cpu.sp] = cfa & mask
    if frame.interrupted:
        # Nothing was saved yet where no rule says so, and no call has come between that could have changed it.
        _note(row.return_register, frame.register(row.return_register), registers, mask)
    if row.saved:
        block = None if cfa is None or saved is None else frame.read(cfa + saved.offset, saved.size)
        if saved is not None and block is not None:
            registers.update(zip(saved.numbers, saved.unpack(block), strict=True))
        else:
            for number, offset in saved_places(row, cpu):
                raw = None if cfa is None else frame.read(cfa + offset, cpu.pointer_size)
                _note(number, None if raw is None else int.from_bytes(raw, "little"), registers, mask)
    if row.others:
        _recover(row, frame, cpu, evaluate, registers)
    return registers


def _recover(row: UnwindRow, frame: Frame, cpu: Cpu, evaluate: Evaluate, registers: dict[int, int]) -> None:
    """Note what a row says of registers that were not saved at an offset from the CFA."""
    recovery = _Recovery(frame, frame.canonical_address, evaluate, cpu.pointer_size)
    mask = (1 << 8 * cpu.pointer_size) - 1
    for number, rule in row.others:
        pair = cpu.pairs.get(number)
        values = (recovery.value(number, rule),) if pair is None else recovery.pair(number, rule)
        for each, value in zip(pair or (number,), values, strict=True):
            _note(each, value, registers, mask)


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
