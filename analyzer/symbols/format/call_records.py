"""Call sites of an index, found by the address behind the call; offset 0 is never given out.

flags (bit 0 tail call, bits 1 and 2 target: 0 unknown, 1 functions, 2 expression)
functions: count | per function: start (signed, from the address behind the call)
expression: bytes
number of parameters | per parameter: register | expression
number of parameters that are passed nowhere | per parameter: reference | expression
"""

from analyzer.symbols.format.varint import Cursor, put, put_bytes, put_signed
from analyzer.symbols.interface import CallSite

_TAIL = 1
_FUNCTIONS, _EXPRESSION = 1, 2


class CallSiteWriter:
    """Collects call sites."""

    def __init__(self) -> None:
        self._data = bytearray(b"\0")

    def add(self, site: CallSite) -> int:
        """Offset of the call site."""
        out = self._data
        offset = len(out)
        kind = _EXPRESSION if site.target_expression else _FUNCTIONS if site.targets else 0
        put(out, int(site.is_tail) | kind << 1)
        if kind == _FUNCTIONS:
            put(out, len(site.targets))
            for target in site.targets:
                put_signed(out, target - site.return_address)
        elif kind == _EXPRESSION:
            put_bytes(out, site.target_expression)
        for passed in (site.parameters, site.optimized_out):
            put(out, len(passed))
            for key in sorted(passed):
                put(out, key)
                put_bytes(out, passed[key])
        return offset

    def encode(self) -> bytes:
        """The part."""
        return bytes(self._data)


def read_call_site(data: memoryview, offset: int, return_address: int) -> CallSite:
    """The call site at an offset.

    Raises:
        CorruptIndex: the record is damaged.
    """
    cursor = Cursor(data, offset)
    flags = cursor.number()
    targets: tuple[int, ...] = ()
    expression = b""
    if flags >> 1 == _FUNCTIONS:
        targets = tuple(return_address + cursor.signed() for _ in range(cursor.count()))
    elif flags >> 1 == _EXPRESSION:
        expression = cursor.block()
    parameters, optimized_out = _read_passed(cursor), _read_passed(cursor)
    return CallSite(return_address, bool(flags & _TAIL), targets, expression, parameters, optimized_out)


def _read_passed(cursor: Cursor) -> dict[int, bytes]:
    passed: dict[int, bytes] = {}
    for _ in range(cursor.count(2)):
        key = cursor.number()
        passed[key] = cursor.block()
    return passed
