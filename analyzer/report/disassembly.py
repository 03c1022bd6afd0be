"""Code around an instruction, as the report shows it: once for each place of a firmware."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from analyzer.cpu import Cpu
from analyzer.disassembly import Instruction, listing
from analyzer.report import model
from analyzer.report.address import WRITERS
from analyzer.symbols.types import TypedSymbols

BEFORE, AFTER = 5, 3
"""Instructions that are shown around the one that failed."""
_CACHED: Final = 512


class Disassembly:
    """The disassembly of one firmware, or of code whose firmware is not known."""

    def __init__(self, cpu: Cpu, symbols: TypedSymbols | None) -> None:
        self._cpu = cpu
        self._symbols = symbols
        self._address = WRITERS[cpu.pointer_size]
        self.around: Callable[[bytes, int, int, int | None, bool], tuple[model.Instruction, ...]] = lru_cache(_CACHED)(
            self._around
        )
        """Code, its address, a program counter within, the function's end if known, and whether the instruction there
        is the one that failed, or else the call before it → the instructions around that one.

        An answer depends on nothing but these and the firmware: it holds for whichever dump has the same code.
        """

    def _around(self, code: bytes, start: int, pc: int, end: int | None, exact: bool) -> tuple[model.Instruction, ...]:  # noqa: FBT001 - as above
        before, after = (BEFORE, AFTER) if exact else (BEFORE + 1, AFTER - 1)
        found = listing(code, start, pc, self._cpu.machine, self._cpu.pointer_size, before=before, after=after)
        # A return address is behind the call that was executed.
        return tuple(
            self._instruction(one, failed=pc == (one.address if exact else one.end))
            for one in found
            if end is None or one.address < end
        )

    def _instruction(self, one: Instruction, *, failed: bool) -> model.Instruction:
        sources = self._symbols.source_frames(one.address) if self._symbols is not None else ()
        return model.Instruction(
            address=self._address(one.address),
            code=one.code.hex(),
            text=f"{one.mnemonic} {one.operands}".strip() if one.mnemonic else "<unknown instruction>",
            target=None if one.target is None else self._place(one.target),
            file=sources[0].file if sources else None,
            line=sources[0].line if sources else None,
            failed=failed,
        )

    def _place(self, address: int) -> str | None:
        symbol = None if self._symbols is None else self._symbols.symbol_at(address)
        if symbol is None or not symbol.is_function:
            return None
        offset = address - symbol.address
        return f"{symbol.name}+{offset}" if offset else symbol.name


def disassembly_of(cpu: Cpu, symbols: TypedSymbols | None) -> Disassembly:
    """The disassembly of a firmware, the same one for every dump."""
    if symbols is None:
        return Disassembly(cpu, None)
    found: Disassembly | None = symbols.derived.get(Disassembly)
    if found is None:
        found = symbols.derived[Disassembly] = Disassembly(cpu, symbols)
    return found
