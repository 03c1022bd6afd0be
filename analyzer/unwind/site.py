"""What a firmware says of one place in its code: worked out once, for every frame of every dump that is there."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from analyzer.cpu import Cpu
from analyzer.disassembly import Taken, instructions_of, taken_at
from analyzer.dump.memory import Memory, MemoryImage
from analyzer.symbols.interface import UnwindRow
from analyzer.symbols.types import TypedSymbols
from analyzer.unwind.rules import SavedBlock, saved_block

_CACHED: Final = 8192


class Site(NamedTuple):
    """A place in the code."""

    executable: bool
    """Whether it is in a function, as far as the image tells; assemblers' labels have no size."""
    row: UnwindRow | None
    """The call frame information there; nothing outside of functions."""
    saved: SavedBlock | None
    """What the row says of saved registers, where they can be read in one piece."""
    function: str | None
    """Name of the function that the code belongs to, not of one inlined into it."""
    symbol_start: int | None
    """Where the symbol of that function starts."""
    start: int | None
    """Where the function is entered, by the debug information."""


class Sites:
    """The places of a firmware."""

    def __init__(self, symbols: TypedSymbols, cpu: Cpu) -> None:
        self._symbols = symbols
        self._cpu = cpu
        self._image = Memory(MemoryImage(), symbols.read_only)
        self.at: Callable[[int], Site] = lru_cache(_CACHED)(self._find)
        self.follows_call: Callable[[int], bool] = lru_cache(_CACHED)(self._follows_call)
        """Whether a call stands before a return address in the image."""
        self.stands: Callable[[int], bool] = lru_cache(_CACHED)(self._stands)
        """Whether the frame stands that exception handling tables describe: the code before proves it by all ways."""

    def _stands(self, pc: int) -> bool:
        row, symbol = self.at(pc).row, self._symbols.symbol_at(pc)
        code = None if symbol is None else self._symbols.read_only(symbol.address, symbol.size)
        if row is None or symbol is None or not code or row.cfa_register != self._cpu.sp:
            return False
        saved = dict(row.saved).get(row.return_register)
        function = instructions_of(code, symbol.address, self._symbols.machine, self._symbols.pointer_size)
        return saved is not None and taken_at(function, pc) == Taken(row.cfa_offset, -saved)

    def _follows_call(self, value: int) -> bool:
        return self._cpu.follows_call(value, self._image)

    def _find(self, address: int) -> Site:
        symbols = self._symbols
        symbol = symbols.symbol_at(address)
        is_function = symbol is not None and symbol.is_function
        executable = bool(address) and symbols.is_code(address) and (symbol is None or is_function or not symbol.size)
        row = symbols.unwind_row(address) if executable else None
        frames = symbols.source_frames(address)
        return Site(
            executable=executable,
            row=row,
            saved=None if row is None else saved_block(row, self._cpu),
            function=frames[-1].function if frames else None,
            symbol_start=symbol.address if symbol is not None and is_function else None,
            start=symbols.function_start(address),
        )


NOWHERE: Final = Site(executable=False, row=None, saved=None, function=None, symbol_start=None, start=None)
"""Where there are no symbols."""


def sites_of(symbols: TypedSymbols, cpu: Cpu) -> Sites:
    """The places of a firmware, the same ones for every dump."""
    sites: Sites | None = symbols.derived.get(Sites)
    if sites is None:
        sites = symbols.derived[Sites] = Sites(symbols, cpu)
    return sites
