"""Memory as rows of sixteen bytes, with symbols, and with links and names where a word is an address. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from analyzer.memory_view import MemoryRun

WIDTH: Final = 16


@dataclass(frozen=True, slots=True)
class Cell:
    """One byte."""

    text: str
    """Two digits, or `··` where it is not known."""
    character: str
    source: str
    """`dump`, `firmware` or `unknown`."""


@dataclass(frozen=True, slots=True)
class Word:
    """Bytes that are as long as a pointer."""

    cells: list[Cell]
    target: str | None = None
    """What they point at, where that is an address in the dump or has a name."""
    name: str | None = None
    """What is there: a function or a variable, such as `sensor_poll+0x14`."""


@dataclass(frozen=True, slots=True)
class Row:
    """Sixteen bytes; a symbol is named where it begins, and in the first row."""

    address: int
    words: list[Word]
    symbols: list[str] = field(default_factory=list[str])


def rows(runs: Sequence[MemoryRun], ranges: Sequence[tuple[int, int]], pointer_size: int) -> list[Row]:
    """The rows of runs that follow each other; `ranges` are the addresses worth a link, ends exclusive."""
    if not runs:
        return []
    width = pointer_size if pointer_size in (4, 8) else 4
    start, end = runs[0].address, runs[-1].address + runs[-1].size
    cells = [cell for run in runs for cell in _cells(run)]
    content = [byte for run in runs for byte in _bytes(run)]
    pointers = {pointer.address: pointer for run in runs for pointer in run.pointers}
    found: list[Row] = []
    for base in range(start - start % WIDTH, end, WIDTH):
        words: list[Word] = []
        for low in range(base, base + WIDTH, width):
            places = [place - start for place in range(low, low + width)]
            shown = [cells[at] if 0 <= at < len(cells) else _OUTSIDE for at in places]
            raw = [content[at] if 0 <= at < len(content) else None for at in places]
            pointer = pointers.get(low)
            if pointer is None:
                words.append(Word(shown, _target(raw, ranges)))
            else:
                words.append(Word(shown, hex(pointer.target), _named(pointer.symbol, pointer.offset)))
        found.append(Row(base, words, _symbols(runs, base, first=not found)))
    return found


_OUTSIDE: Final = Cell("  ", " ", "outside")


def _bytes(run: MemoryRun) -> Sequence[int | None]:
    return list(run.content) if run.content is not None else [None] * run.size


def _cells(run: MemoryRun) -> list[Cell]:
    return [
        Cell("··", "·", "unknown")
        if byte is None
        else Cell(f"{byte:02x}", chr(byte) if 32 <= byte < 127 else ".", run.source)
        for byte in _bytes(run)
    ]


def _target(raw: Sequence[int | None], ranges: Sequence[tuple[int, int]]) -> str | None:
    known = [byte for byte in raw if byte is not None]
    if len(known) < len(raw):
        return None
    value = int.from_bytes(bytes(known), "little")
    return hex(value) if value and any(low <= value < high for low, high in ranges) else None


def _symbols(runs: Sequence[MemoryRun], base: int, *, first: bool) -> list[str]:
    found: list[str] = []
    for run in runs:
        if run.symbol is None or not base <= max(run.address, base) < min(run.address + run.size, base + WIDTH):
            continue
        if run.address >= base:
            found.append(_named(run.symbol, run.offset))
        elif first:
            found.append(_named(run.symbol, run.offset + base - run.address))
    return list(dict.fromkeys(found))


def _named(symbol: str, offset: int) -> str:
    return f"{symbol}+{offset:#x}" if offset else symbol
