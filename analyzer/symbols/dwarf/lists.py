"""Range lists and location lists, DWARF 2 to 5.

DWARF 5, sections 2.6.2, 2.17.3, 7.7.3 and 7.25; DWARF 4, sections 2.6.2 and 2.17.3.
Both kinds share their encoding; a location list has an expression behind every pair of addresses.
"""

import struct
from collections.abc import Iterator

from analyzer.symbols.dwarf import leb128
from analyzer.symbols.dwarf.constants import At, Form
from analyzer.symbols.dwarf.entries import Entry, Unit
from analyzer.symbols.dwarf.leb128 import MalformedDwarf

Located = tuple[int, int, bytes]
"""Start address, end address (exclusive), expression."""

_MOST_ITEMS = 65_536
_LONG_EXPRESSION = 32
"""Bytes from which on keeping an expression costs more than the item it stands in."""
_PAIRS = {4: struct.Struct("<II"), 8: struct.Struct("<QQ")}
_FORMS_OF_INDEX = (Form.RNGLISTX, Form.LOCLISTX)
# DW_LLE_* (table 7.10) in the numbers of DW_RLE_* (table 7.30); 9 is GNU's pair of location views, which says nothing
# we need.
_DEFAULT_LOCATION, _VIEW_PAIR = 100, 101
_LOCATION_KINDS = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: _DEFAULT_LOCATION, 6: 5, 7: 6, 8: 7, 9: _VIEW_PAIR}
_END, _BASE_X, _START_X_END_X, _START_X_LENGTH, _OFFSET_PAIR, _BASE, _START_END, _START_LENGTH = range(8)


def ranges(entry: Entry) -> list[tuple[int, int]]:
    """Address ranges (end exclusive) that the entry's own attributes give; empty ones are left out.

    Raises:
        IndexError, MalformedDwarf: the list is damaged.
    """
    unit = entry.unit
    if entry.has(At.RANGES):
        offset = _list_offset(entry, At.RANGES, unit.info.sections.rnglists, At.RNGLISTS_BASE)
        if offset is None:
            return []
        if unit.layout.version >= 5:
            items = _modern(unit, unit.info.sections.rnglists, offset, with_expressions=False)
            return [(start, end) for start, end, _ in items if start < end]
        items = _classic(unit, unit.info.sections.ranges, offset, with_expressions=False)
        return [(start, end) for start, end, _ in items]
    low = entry.address(At.LOW_PC)
    if low is None:
        return []
    high = entry.address(At.HIGH_PC)
    if high is None:
        high = low + (entry.number(At.HIGH_PC) or 0)
    return [(low, high)] if low < high else []


def location(entry: Entry, attribute: int) -> bytes | list[Located] | None:
    """An expression that holds everywhere, or a location list, or None when the entry lacks the attribute.

    Raises:
        IndexError, MalformedDwarf: the list is damaged.
    """
    expression = entry.block(attribute)
    if expression is not None or not entry.has(attribute):
        return expression
    unit = entry.unit
    offset = _list_offset(entry, attribute, unit.info.sections.loclists, At.LOCLISTS_BASE)
    if offset is None:
        return None
    if unit.layout.version >= 5:
        items = _modern(unit, unit.info.sections.loclists, offset, with_expressions=True)
        return [item for item in items if item[0] < item[1]]
    return _classic(unit, unit.info.sections.loc, offset, with_expressions=True)


def _list_offset(entry: Entry, attribute: int, section: bytes, base_attribute: int) -> int | None:
    offset = entry.list_offset(attribute)
    if offset is not None:
        return offset
    index = entry.number(attribute)
    if index is None or entry.form(attribute) not in _FORMS_OF_INDEX:
        return None
    base = entry.unit.root.natural(base_attribute)
    size = entry.unit.layout.offset_size
    if base is None:
        base = 12 if size == 4 else 20
    raw = section[base + index * size : base + (index + 1) * size]
    if len(raw) < size:
        raise MalformedDwarf("A list index points outside its section.")
    return base + int.from_bytes(raw, "little")


def _classic(unit: Unit, data: bytes, offset: int, *, with_expressions: bool) -> list[Located]:
    """`.debug_ranges` and `.debug_loc`: pairs of offsets from a base, ended by a pair of zeros; no empty ranges."""
    size = unit.layout.address_size
    selector = (1 << 8 * size) - 1
    base = unit.base_address()
    position = offset
    pair = _PAIRS[size]
    found: list[Located] = []
    for _ in range(_MOST_ITEMS):
        unit.info.allowance.spend(5 if with_expressions else 2)
        if position + 2 * size > len(data):
            raise MalformedDwarf("A list has no end.")
        start, end = pair.unpack_from(data, position)
        position += 2 * size
        if start == 0 and end == 0:
            return found
        if start == selector:
            base = end
            continue
        expression = b""
        if with_expressions:
            length = int.from_bytes(data[position : position + 2], "little")
            position += 2
            expression = _expression(data, position, length)
            if length >= _LONG_EXPRESSION:
                unit.info.allowance.keep(length)
            position += length
        start = start + base & selector
        end = end + base & selector
        if start < end:
            found.append((start, end, expression))
    raise MalformedDwarf("A list is too long.")


def _modern(unit: Unit, data: bytes, offset: int, *, with_expressions: bool) -> Iterator[Located]:  # noqa: C901, PLR0912, PLR0915 - one branch per kind of item
    """`.debug_rnglists` and `.debug_loclists`: items that start with a kind byte."""
    size = unit.layout.address_size
    top = (1 << 8 * size) - 1
    base: int | None = unit.base_address()
    position = offset
    fallback: Located | None = None
    for _ in range(_MOST_ITEMS):
        unit.info.allowance.spend(4 if with_expressions else 2)
        kind = data[position]
        position += 1
        if with_expressions:
            kind = _LOCATION_KINDS.get(kind, -1)
        start: int | None
        end: int | None
        if kind == _END:
            if fallback is not None:
                yield fallback
            return
        if kind == _BASE_X:
            index, position = leb128.unsigned(data, position)
            base = unit.indexed_address(index)
            continue
        if kind == _BASE:
            base = int.from_bytes(data[position : position + size], "little")
            position += size
            continue
        if kind == _VIEW_PAIR:
            _, position = leb128.unsigned(data, position)
            _, position = leb128.unsigned(data, position)
            continue
        if kind == _OFFSET_PAIR:
            start, position = leb128.unsigned(data, position)
            end, position = leb128.unsigned(data, position)
            start = None if base is None else base + start & top
            end = None if base is None else base + end & top
        elif kind in (_START_X_END_X, _START_X_LENGTH):
            first, position = leb128.unsigned(data, position)
            second, position = leb128.unsigned(data, position)
            start = unit.indexed_address(first)
            end = unit.indexed_address(second) if kind == _START_X_END_X else _sum(start, second)
        elif kind == _START_END:
            start = int.from_bytes(data[position : position + size], "little")
            end = int.from_bytes(data[position + size : position + 2 * size], "little")
            position += 2 * size
        elif kind == _START_LENGTH:
            start = int.from_bytes(data[position : position + size], "little")
            length, position = leb128.unsigned(data, position + size)
            end = start + length
        elif kind == _DEFAULT_LOCATION:
            start, end = 0, top
        else:
            raise MalformedDwarf("A list holds an item of unknown kind.")
        expression = b""
        if with_expressions:
            length, position = leb128.unsigned(data, position)
            expression = _expression(data, position, length)
            unit.info.allowance.keep(length)
            position += length
        if kind == _DEFAULT_LOCATION:
            fallback = (0, top, expression)
        elif start is not None and end is not None:
            yield start, end, expression
    raise MalformedDwarf("A list is too long.")


def _sum(start: int | None, length: int) -> int | None:
    return None if start is None else start + length


def _expression(data: bytes, position: int, length: int) -> bytes:
    expression = data[position : position + length]
    if len(expression) != length:
        raise MalformedDwarf("An expression reaches beyond the end of its section.")
    return expression
