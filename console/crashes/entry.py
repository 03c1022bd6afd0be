"""What people and programs type to name a value, a place in memory, or a form to see it in. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from contract.errors import InputError

KINDS: Final = (
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float",
    "double",
    "ascii",
    "pointer",
)
"""What a value can be seen as without any firmware."""
LARGEST: Final = (1 << 64) - 1
MOST_LEVELS: Final = 64
_NUMBER: Final = re.compile(r"0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20}")
_PLACE: Final = re.compile(
    r"\s*(?P<base>[^\s+-][^+]*?)\s*(?:(?P<sign>[+-])\s*(?P<offset>0[xX][0-9a-fA-F]+|[0-9]+))?\s*"
)
_ADDRESS: Final = re.compile(r"0x[0-9a-f]{1,16}\b")


class BadEntry(InputError):
    """What was typed is no number, no path and no place."""

    code = "entry"


def read_number(text: str) -> int:
    """A number of at most 64 bits, decimal or with 0x; raises `BadEntry`."""
    if not _NUMBER.fullmatch(text.strip()) or (number := int(text.strip(), 0 if "x" in text.lower() else 10)) > LARGEST:
        raise BadEntry("expected a number of at most 64 bits, such as 0x20000000 or 42")
    return number


def read_path(text: str) -> list[int]:
    """Numbers of parts, such as `0.3.12`; raises `BadEntry`."""
    parts = text.split(".") if text else []
    if len(parts) > MOST_LEVELS or not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise BadEntry(f"expected the numbers of at most {MOST_LEVELS} parts with points between them, such as 0.3.12")
    return [int(part) for part in parts]


def split_place(text: str) -> tuple[str, int]:
    """A name or number, and what is added to it; raises `BadEntry`."""
    found = _PLACE.fullmatch(text)
    if found is None or len(text) > 500:
        raise BadEntry("expected an address, a register or a global variable, such as 0x20000000, sp or station+16")
    offset = read_number(found["offset"]) if found["offset"] else 0
    return found["base"], -offset if found["sign"] == "-" else offset


def known_place(name: str, registers: Mapping[str, str | None]) -> int | None:
    """The address that a number or a register names; None where it is neither, or the register is not known."""
    if _NUMBER.fullmatch(name):
        return read_number(name)
    value = registers.get(name.lower())
    return read_number(value) if value is not None and _NUMBER.fullmatch(value) else None


def leading_address(text: str) -> str | None:
    """The address that the text of a value begins with, for a link to it."""
    found = _ADDRESS.match(text)
    return found[0] if found else None
