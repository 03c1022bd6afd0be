"""Unwind rows of an index, each kept once and named by its offset.

CFA register | CFA offset, signed | CFA expression | return register | signal frame (0, 1) | source | number of rules |
per rule: register | kind | offset, signed, or expression
"""

from enum import Enum
from typing import TypeVar

from analyzer.symbols.format.container import CorruptIndex
from analyzer.symbols.format.varint import Cursor, put, put_bytes, put_signed
from analyzer.symbols.interface import RegisterRule, RowSource, RuleKind, UnwindRow

E = TypeVar("E", bound=Enum)
_WITH_EXPRESSION = (RuleKind.EXPRESSION, RuleKind.VAL_EXPRESSION)
_WITH_OFFSET = (RuleKind.OFFSET, RuleKind.VAL_OFFSET, RuleKind.REGISTER)


class FrameRowWriter:
    """Collects rows; offset 0 is never given out, so that it can mean "no row"."""

    def __init__(self) -> None:
        self._data = bytearray(b"\0")
        self._offsets: dict[bytes, int] = {}

    def add(self, row: UnwindRow) -> int:
        """Offset of the row."""
        out = bytearray()
        put(out, row.cfa_register)
        put_signed(out, row.cfa_offset)
        put_bytes(out, row.cfa_expression)
        put(out, row.return_register)
        put(out, int(row.signal_frame))
        put(out, row.source.value)
        put(out, len(row.rules))
        for register in sorted(row.rules):
            rule = row.rules[register]
            put(out, register)
            put(out, rule.kind.value)
            if rule.kind in _WITH_EXPRESSION:
                put_bytes(out, rule.expression)
            elif rule.kind in _WITH_OFFSET:
                put_signed(out, rule.offset)
        raw = bytes(out)
        offset = self._offsets.get(raw)
        if offset is None:
            offset = self._offsets[raw] = len(self._data)
            self._data += raw
        return offset

    def encode(self) -> bytes:
        """The part."""
        return bytes(self._data)


def read_row(data: memoryview, offset: int) -> UnwindRow:
    """The row at an offset.

    Raises:
        CorruptIndex: the part is damaged.
    """
    cursor = Cursor(data, offset)
    register, cfa_offset, expression = cursor.number(), cursor.signed(), cursor.block()
    return_register, signal_frame = cursor.number(), bool(cursor.number())
    source = _enumerated(RowSource, cursor.number())
    rules: dict[int, RegisterRule] = {}
    for _ in range(cursor.count(2)):
        number, kind = cursor.number(), _enumerated(RuleKind, cursor.number())
        if kind in _WITH_EXPRESSION:
            rules[number] = RegisterRule(kind, 0, cursor.block())
        elif kind in _WITH_OFFSET:
            rules[number] = RegisterRule(kind, cursor.signed())
        else:
            rules[number] = RegisterRule(kind)
    return UnwindRow(register, cfa_offset, expression, rules, return_register, signal_frame, source)


def _enumerated(kind: type[E], value: int) -> E:
    try:
        return kind(value)
    except ValueError:
        raise CorruptIndex("An unwind row of the symbol index is damaged; build it again.") from None
