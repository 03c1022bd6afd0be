"""Numbers, characters and text in gdb's notation."""

import math
import struct

from analyzer.symbols.dwarf.constants import Encoding
from analyzer.symbols.types import EnumType

MOST_TEXT = 200
"""Characters of a string that are shown."""

_FLOATS = {4: ("<f", 9, 23), 8: ("<d", 17, 52)}
_SIGNED = (Encoding.SIGNED, Encoding.SIGNED_CHAR)
_CHARACTERS = (Encoding.SIGNED_CHAR, Encoding.UNSIGNED_CHAR)
_WHOLE = (*_SIGNED, Encoding.UNSIGNED, Encoding.UNSIGNED_CHAR, Encoding.UTF, Encoding.ADDRESS)
_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 27: "\\033", 92: "\\\\"}


def signed(bits: int, size: int) -> int:
    """A bit pattern of `size` bits as a number in two's complement."""
    return bits - (1 << size) if size and bits >> size - 1 & 1 else bits


def base_text(bits: int, size: int, encoding: int) -> str | None:
    """A number of a base type, `size` in bits (of a bit-field, its own); None for encodings that are not known."""
    if encoding == Encoding.BOOLEAN:
        return {0: "false", 1: "true"}.get(bits, str(bits))
    if encoding == Encoding.FLOAT:
        return _float_text(bits, size // 8)
    if encoding not in _WHOLE:
        return None
    number = signed(bits, size) if encoding in _SIGNED else bits
    if encoding in _CHARACTERS and size == 8:
        return f"{number} {character(bits)}"
    return str(number)


def _float_text(bits: int, size: int) -> str | None:
    if size not in _FLOATS:
        return None
    layout, digits, fraction = _FLOATS[size]
    value = struct.unpack(layout, bits.to_bytes(size, "little"))[0]
    if math.isnan(value):
        sign = "-" if bits >> 8 * size - 1 else ""
        return f"{sign}nan(0x{bits & (1 << fraction) - 1:x})"
    return f"{value:.{digits}g}"


def enum_text(bits: int, size: int, one: EnumType) -> str:
    """An enumerator's name, a combination of flags, or the number."""
    number = signed(bits, size) if one.signed else bits
    for name, value in one.enumerators:
        if value == number:
            return name
    rest = number
    names: list[str] = []
    flags = [value for _, value in one.enumerators if value > 0]
    if number > 0 and _are_flags(flags):
        for name, value in one.enumerators:
            if value > 0 and number & value == value:
                names.append(name)
                rest &= ~value
        if not rest:
            return f"({' | '.join(names)})"
    return str(number)


def _are_flags(values: list[int]) -> bool:
    """Whether no two values share a bit, so that a sum of them can be told apart."""
    seen = 0
    for value in values:
        if seen & value:
            return False
        seen |= value
    return True


def character(byte: int) -> str:
    """A byte in single quotes."""
    return f"'{_escaped(byte, 39)}'"


def text(content: bytes) -> str:
    """Bytes up to the first NUL in double quotes, cut after `MOST_TEXT` characters."""
    end = content.find(b"\0")
    content = content if end < 0 else content[:end]
    cut = "..." if len(content) > MOST_TEXT else ""
    return '"' + "".join(_escaped(byte, 34) for byte in content[:MOST_TEXT]) + '"' + cut


def _escaped(byte: int, quote: int) -> str:
    if byte == quote:
        return "\\" + chr(byte)
    if byte in _ESCAPES:
        return _ESCAPES[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
