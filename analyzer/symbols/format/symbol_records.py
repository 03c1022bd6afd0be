"""ELF symbols of an index.

SYMBOLS       u64 address | u64 size | u32 name | u32 flags (bit 0 function), sorted by address
SYMBOL_NAMES  symbol numbers (u32 each), sorted by name, best symbol of a name first
"""

import struct
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise

from analyzer.symbols.elf import RankedSymbol
from analyzer.symbols.format.address_map import Entry, flatten
from analyzer.symbols.format.container import CorruptIndex
from analyzer.symbols.format.strings import StringTable, StringWriter
from analyzer.symbols.interface import Symbol

_RECORDS = {4: struct.Struct("<IIII"), 8: struct.Struct("<QQII")}
_FUNCTION = 1
_HEAD_FIELDS = 1
_LOCAL_LABEL = 0
"""Rank of a symbol that is neither function nor object, nor seen outside its file."""

_Span = tuple[int, int, tuple[int, ...]]


def encode(symbols: Sequence[RankedSymbol], strings: StringWriter, address_size: int) -> tuple[bytes, bytes]:
    """The parts SYMBOLS and SYMBOL_NAMES of symbols that are sorted by address."""
    record = _RECORDS[address_size]
    rows = [
        record.pack(
            one.symbol.address,
            one.symbol.size,
            strings.add(one.symbol.name),
            _FUNCTION if one.symbol.is_function else 0,
        )
        for one in symbols
    ]
    order = sorted(range(len(symbols)), key=lambda number: (symbols[number].symbol.name, -symbols[number].rank, number))
    return b"".join(rows), struct.pack(f"<{len(order)}I", *order)


def cover(symbols: Sequence[RankedSymbol], section_end: Callable[[int], int | None]) -> list[Entry]:
    """Which symbol names an address: symbol number plus one, from each address on.

    Of symbols with a size the one that starts last wins, and of those of one address the better ranked. A symbol
    without a size reaches to the next symbol or the end of its section; a label inside one with a size names nothing,
    and neither does a symbol that stands for no place in memory, nor a local label behind a function without a size,
    which assemblers write: it is a place to jump to in there.
    """
    order = sorted(
        range(len(symbols)), key=lambda number: (symbols[number].symbol.address, symbols[number].rank, -number)
    )
    placed = [one for one in symbols if one.in_memory]
    following = dict(pairwise(sorted({one.symbol.address for one in placed})))
    behind = dict(pairwise(sorted({one.symbol.address for one in placed if one.rank > _LOCAL_LABEL})))
    sized: list[_Span] = []
    functions: list[_Span] = []
    labels: list[_Span] = []
    for number in order:
        symbol = symbols[number].symbol
        limit = section_end(symbol.address) if symbols[number].in_memory else None
        if limit is None:
            continue
        spans = sized if symbol.size else functions if symbol.is_function else labels
        ends = behind if symbol.is_function else following
        end = symbol.address + symbol.size if symbol.size else ends.get(symbol.address, limit)
        spans.append((symbol.address, min(end, limit), (number + 1,)))
    functions = [*_outside(functions, sized), *sized]
    return flatten([*_outside(labels, functions), *functions], _HEAD_FIELDS)


def _outside(spans: Sequence[_Span], others: Sequence[_Span]) -> list[_Span]:
    """The spans that do not start inside another."""
    covered = flatten(others, _HEAD_FIELDS)
    starts = [address for address, _ in covered]

    def is_inside(address: int) -> bool:
        place = bisect_right(starts, address) - 1
        return place >= 0 and covered[place][1][0] != 0

    return [span for span in spans if not is_inside(span[0])]


class SymbolTable:
    """Reads what `encode` wrote.

    Raises:
        CorruptIndex: here and from the methods, when the parts are damaged.
    """

    def __init__(self, records: memoryview, names: memoryview, strings: StringTable, address_size: int) -> None:
        self._record = _RECORDS[address_size]
        if len(records) % self._record.size or len(names) != len(records) // self._record.size * 4:
            raise CorruptIndex("The symbol table of the index is cut; build it again from the ELF file.")
        self._records = records
        self._names = names.cast("I")
        self._strings = strings

    def __len__(self) -> int:
        return len(self._names)

    def at(self, number: int) -> Symbol:
        """The symbol of that number."""
        if not 0 <= number < len(self._names):
            raise CorruptIndex("The symbol index names a symbol that it does not have; build it again.")
        address, size, name, flags = self._record.unpack_from(self._records, number * self._record.size)
        return Symbol(self._strings.text(name), address, size, bool(flags & _FUNCTION))

    def named(self, name: str) -> Symbol | None:
        """The best symbol of that name."""
        low, high = 0, len(self._names)
        while low < high:
            middle = (low + high) // 2
            if self.at(self._names[middle]).name < name:
                low = middle + 1
            else:
                high = middle
        if low < len(self._names):
            found = self.at(self._names[low])
            if found.name == name:
                return found
        return None
