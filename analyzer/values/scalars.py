"""Numbers, characters and text in gdb's notation."""

import struct

from analyzer.symbols.dwarf.constants import Encoding
from analyzer.symbols.types import BaseType, EnumType
from analyzer.values.floats import float_text

MOST_TEXT = 200
"""Characters of a string that are shown."""
MOST_ARRAY = 4096
"""Characters of an array that are looked at."""

_SIGNED = (Encoding.SIGNED, Encoding.SIGNED_CHAR)
_CHARACTERS = (Encoding.SIGNED_CHAR, Encoding.UNSIGNED_CHAR)
_WHOLE = (*_SIGNED, Encoding.UNSIGNED, Encoding.UNSIGNED_CHAR, Encoding.UTF, Encoding.ADDRESS)
_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 27: "\\033", 92: "\\\\"}
_PREFIXES = {"char8_t": "u8", "char16_t": "u", "char32_t": "U", "wchar_t": "L"}
_UNPRINTABLE = frozenset(range(0xD800, 0xE000))


def signed(bits: int, size: int) -> int:
    """A bit pattern of `size` bits as a number in two's complement."""
    return bits - (1 << size) if size and bits >> size - 1 & 1 else bits


def is_character(one: BaseType) -> bool:
    """What text is made of: plain `char` and C++'s wider ones, not the numbers `uint8_t` and `int8_t`."""
    return (one.name == "char" and one.size == 1) or (one.name in _PREFIXES and one.size in (1, 2, 4))


def prefix(one: BaseType) -> str:
    """What a literal of that type of character starts with."""
    return _PREFIXES.get(one.name, "")


def base_text(bits: int, size: int, encoding: int, name: str = "") -> str | None:
    """A number of a base type, `size` in bits (of a bit-field, its own); None for encodings that are not known."""
    if encoding == Encoding.BOOLEAN:
        return {0: "false", 1: "true"}.get(bits, str(bits))
    if encoding == Encoding.FLOAT:
        return float_text(bits, size // 8)
    if encoding == Encoding.COMPLEX_FLOAT:
        half = size // 2
        real, imaginary = float_text(bits & (1 << half) - 1, half // 8), float_text(bits >> half, half // 8)
        return None if real is None or imaginary is None else f"{real} + {imaginary}i"
    if encoding not in _WHOLE:
        return None
    number = signed(bits, size) if encoding in _SIGNED else bits
    if encoding in _CHARACTERS and size == 8:
        return f"{number} {character(bits)}"
    if encoding == Encoding.UTF or name == "wchar_t":
        return f"{number} {_PREFIXES.get(name, '')}{character(bits, size // 8)}"
    return str(number)


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


def character(code: int, size: int = 1) -> str:
    """A character in single quotes."""
    return f"'{_escaped(code, 39, size)}'"


def text(content: bytes, size: int = 1, literal: str = "") -> str:
    """Characters of `size` bytes each up to the first NUL in double quotes, cut after `MOST_TEXT` of them."""
    if literal == "u8":
        shown = utf8_text(content.partition(b"\0")[0])
        return f"{literal}{shown}" + ("..." if len(content) > MOST_TEXT and b"\0" not in content else "")
    if size == 1:
        return literal + _narrow_text(content)
    codes = list(struct.unpack(f"<{len(content) // size}{'H' if size == 2 else 'I'}", content))
    codes = codes[: codes.index(0)] if 0 in codes else codes
    cut = "..." if len(codes) > MOST_TEXT else ""
    return f'{literal}"' + "".join([_escaped(code, 34, size) for code in codes[:MOST_TEXT]]) + '"' + cut


def _narrow_text(content: bytes) -> str:
    end = content.find(b"\0")
    length = len(content) if end < 0 else end
    shown = content[: min(length, MOST_TEXT)].decode("latin-1")
    if not shown.isascii() or not shown.isprintable() or '"' in shown or "\\" in shown:
        shown = shown.translate(_NARROW)
    return f'"{shown}"...' if length > MOST_TEXT else f'"{shown}"'


def utf8_text(content: bytes) -> str:
    """UTF-8 in double quotes; what is none, and what cannot be printed, is escaped."""
    shown = [
        chr(code) if code > 127 and chr(code).isprintable() else _escaped(code, 34)
        for code in map(ord, content[: 4 * MOST_TEXT].decode("utf-8", "replace")[:MOST_TEXT])
    ]
    return '"' + "".join(shown) + '"'


def _escaped(code: int, quote: int, size: int = 1) -> str:
    if code == quote:
        return "\\" + chr(code)
    if code in _ESCAPES:
        return _ESCAPES[code]
    if 32 <= code < 127:
        return chr(code)
    if size == 1 and code < 256:
        return f"\\{code:03o}"
    is_printable = code < 0x110000 and code not in _UNPRINTABLE and chr(code).isprintable()
    return chr(code) if is_printable else f"\\x{code:x}"


_NARROW = {code: _escaped(code, 34) for code in range(256)}
