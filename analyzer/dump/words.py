"""Words of memory that are kept near each other, such as saved registers: one read and one unpacking for all."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple

from analyzer.dump.memory import Memory

_MOST: Final = 512
"""Bytes that are read in one piece."""
_CACHED: Final = 256
"""Layouts that are remembered; a firmware has a handful."""


class WordBlock(NamedTuple):
    """Where words lie that are read in one piece."""

    offset: int
    """Of the first byte."""
    size: int
    numbers: tuple[int, ...]
    """What the words are called, such as the numbers of registers."""
    unpack: Callable[[bytes], tuple[int, ...]]


def word_block(places: Sequence[tuple[int, int]], size: int) -> WordBlock | None:
    """The words at these places, number and offset each, of 4 or 8 bytes; None where they overlap or lie far apart."""
    ordered = sorted(places, key=lambda place: place[1])
    if not ordered:
        return None
    first, position, layout = ordered[0][1], ordered[0][1], "<"
    for _, offset in ordered:
        if offset < position or offset - first > _MOST:
            return None
        layout += f"{offset - position}x{'I' if size == 4 else 'Q'}"
        position = offset + size
    return WordBlock(first, position - first, tuple(number for number, _ in ordered), Struct(layout).unpack)


_remembered = lru_cache(_CACHED)(word_block)


def known_words(address: int, offsets: Mapping[int, int], size: int, memory: Memory) -> dict[int, int]:
    """The words of 4 or 8 bytes at offsets from an address that are known, by what they are called."""
    block = _remembered(tuple(offsets.items()), size)
    raw = None if block is None else memory.read(address + block.offset, block.size)
    if block is not None and raw is not None:
        return dict(zip(block.numbers, block.unpack(raw), strict=True))
    values = {number: memory.unsigned(address + offset, size) for number, offset in offsets.items()}
    return {number: value for number, value in values.items() if value is not None}
