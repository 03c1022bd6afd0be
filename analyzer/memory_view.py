"""Memory as a person looks at it: runs of bytes, each with where it is known from and the symbol that it belongs to."""

from collections.abc import Iterator
from itertools import pairwise

import msgspec

from analyzer.analyze import Analysis
from analyzer.symbols.types import TypedSymbols


class MemoryRun(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that lie behind each other, come from one source and belong to one symbol."""

    address: int
    size: int
    content: bytes | None
    """None where nothing is known."""
    source: str
    """`dump`, `firmware` (read-only sections of the image) or `unknown`."""
    symbol: str | None = None
    offset: int = 0
    """Of the first byte from the start of the symbol."""


def memory_runs(analysis: Analysis, address: int, end: int) -> list[MemoryRun]:
    """The memory from an address up to another one."""
    runs: list[MemoryRun] = []
    for start, stop, source in _sources(analysis, address, end):
        content = None if source == "unknown" else analysis.memory.read(start, stop - start)
        for low, high, symbol, offset in _overlay(analysis.symbols, start, stop):
            runs.append(
                MemoryRun(
                    address=low,
                    size=high - low,
                    content=None if content is None else content[low - start : high - start],
                    source="unknown" if content is None else source,
                    symbol=symbol,
                    offset=offset,
                )
            )
    return runs


def _sources(analysis: Analysis, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """Where the bytes of a range are known from; the dump goes before the image."""
    dumped = analysis.dump.memory.ranges()
    fixed = () if analysis.symbols is None else analysis.symbols.read_only_ranges()
    edges = {start, end} | {edge for pair in (*dumped, *fixed) for edge in pair if start < edge < end}
    for low, high in pairwise(sorted(edges)):
        is_dumped = any(first <= low < last for first, last in dumped)
        is_fixed = any(first <= low < last for first, last in fixed)
        yield low, high, "dump" if is_dumped else "firmware" if is_fixed else "unknown"


def _overlay(symbols: TypedSymbols | None, start: int, end: int) -> Iterator[tuple[int, int, str | None, int]]:
    """Pieces of a range and the symbol, if any, that each belongs to."""
    position = start
    while position < end:
        symbol = None if symbols is None else symbols.symbol_at(position)
        if symbol is not None and symbol.size:
            stop = min(end, symbol.address + symbol.size)
            yield position, stop, symbol.name, position - symbol.address
        else:
            stop = _next_symbol(symbols, position + 1, end)
            yield position, stop, None, 0
        position = stop


def _next_symbol(symbols: TypedSymbols | None, start: int, end: int) -> int:
    """The first address from `start` on that belongs to a symbol, or the end."""
    if symbols is not None:
        for address in range(start, end):
            symbol = symbols.symbol_at(address)
            if symbol is not None and symbol.size:
                return address
    return end
