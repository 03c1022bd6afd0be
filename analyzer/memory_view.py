"""Memory as a person looks at it: runs of bytes with their source and symbol, and what their words point at."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from analyzer.analyze import Analysis
from analyzer.symbols.interface import Symbol
from analyzer.symbols.types import TypedSymbols

_EM_ARM = 40


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """A word that reads like the address of a function or a variable, as return addresses do."""

    address: int
    """Where the word is."""
    target: int
    """What it points at; of code without the mark of Thumb."""
    symbol: str
    offset: int
    """Of the target from the start of the symbol."""


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
    pointers: Sequence[Pointer] = ()
    """Of the words that begin here, which lie at multiples of their size."""


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
                    pointers=() if content is None else tuple(_pointers(analysis, low, high)),
                )
            )
    return runs


def _pointers(analysis: Analysis, start: int, end: int) -> Iterator[Pointer]:
    """The words from an address up to another one that lead to a symbol."""
    size = analysis.dump.header.pointer_size
    for address in range(start + -start % size, end, size):
        raw = analysis.memory.read(address, size)
        value = 0 if raw is None else int.from_bytes(raw, "little")
        found = _target(analysis, value) if value else None
        if found is not None:
            target, symbol = found
            yield Pointer(address=address, target=target, symbol=symbol.name, offset=target - symbol.address)


def _target(analysis: Analysis, value: int) -> tuple[int, Symbol] | None:
    """What `pointed_at` says, unless the word is more likely a number."""
    found = pointed_at(analysis, value)
    if found is None or analysis.symbols is None:
        return None
    target, symbol = found
    if symbol.is_function:
        # Whatever jumps by a word on ARM finds the mark of Thumb in it: one without is a number that looks like code.
        is_number = target == value and analysis.symbols.machine == _EM_ARM
    else:
        is_number = target - symbol.address >= symbol.size or not analysis.memory.holds(target, 1)
    return None if is_number else found


def pointed_at(analysis: Analysis, value: int) -> tuple[int, Symbol] | None:
    """The address that a pointer means, without the mark of Thumb where that is code, and the symbol there."""
    cpu, symbols = analysis.cpu, analysis.symbols
    symbol = None if symbols is None else symbols.symbol_at(value)
    if symbols is not None and cpu is not None and (symbol is None or symbol.is_function):
        symbol = symbols.symbol_at(cpu.code_address(value)) or symbol
    if symbol is None:
        return None
    return cpu.code_address(value) if symbol.is_function and cpu is not None else value, symbol


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
