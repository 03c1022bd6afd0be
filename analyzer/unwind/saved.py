"""Registers that a row of call frame information says were saved: where they lie, found once per place in the code."""

from collections.abc import Callable
from struct import Struct
from typing import NamedTuple

from analyzer.cpu import Cpu
from analyzer.symbols.interface import UnwindRow

_MOST_SAVED = 512
"""Bytes of a stack that are read in one piece."""


class SavedBlock(NamedTuple):
    """Registers that were saved near each other, to be read in one piece."""

    offset: int
    """Of the first byte from the CFA."""
    size: int
    numbers: tuple[int, ...]
    unpack: Callable[[bytes], tuple[int, ...]]


def saved_block(row: UnwindRow, cpu: Cpu) -> SavedBlock | None:
    """What a row says of the registers that were saved at offsets from the CFA; None where they lie far apart."""
    places = saved_places(row, cpu)
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
