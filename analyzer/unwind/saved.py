"""Registers that a row of call frame information says were saved: where they lie, found once per place in the code."""

from analyzer.cpu import Cpu
from analyzer.dump.words import WordBlock, word_block
from analyzer.symbols.interface import UnwindRow


def saved_block(row: UnwindRow, cpu: Cpu) -> WordBlock | None:
    """What a row says of the registers that were saved at offsets from the CFA; None where they lie far apart."""
    return word_block(saved_places(row, cpu), cpu.pointer_size)


def saved_places(row: UnwindRow, cpu: Cpu) -> list[tuple[int, int]]:
    """Each register's number and offset from the CFA, those that are two side by side taken apart."""
    places: list[tuple[int, int]] = []
    for number, offset in row.saved:
        pair = cpu.pairs.get(number)
        places += [(number, offset)] if pair is None else [(pair[0], offset), (pair[1], offset + cpu.pointer_size)]
    return places


def not_passed_on(row: UnwindRow, cpu: Cpu) -> tuple[int, ...]:
    """The registers that a row gives the caller and that the caller's own call would not leave as they are.

    The program counter is always among them: every frame has its own.
    """
    given = {number for rule in row.rules for number in cpu.pairs.get(rule, (rule,))}
    return (cpu.pc, *sorted(given - cpu.callee_saved - {cpu.pc}))
