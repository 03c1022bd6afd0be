"""LEB128 integers (DWARF 5, section 7.6)."""

from contract.errors import BadFirmware

_MOST_BITS = 70
"""Ten groups of seven bits hold every 64-bit value."""


class MalformedDwarf(BadFirmware):
    """Debug information that breaks the rules of the DWARF standard."""


def unsigned(data: bytes, position: int) -> tuple[int, int]:
    """(value, position behind it).

    Raises:
        IndexError: the data ends inside the number.
        MalformedDwarf: the number has more than 64 bits.
    """
    byte = data[position]
    position += 1
    if byte < 0x80:
        return byte, position
    value = byte & 0x7F
    shift = 7
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift >= _MOST_BITS:
            raise MalformedDwarf("A LEB128 number has more than 64 bits.")


def signed(data: bytes, position: int) -> tuple[int, int]:
    """Like `unsigned`, for two's complement."""
    value = 0
    shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value - (1 << shift) if byte & 0x40 else value), position
        if shift >= _MOST_BITS:
            raise MalformedDwarf("A LEB128 number has more than 64 bits.")


def encode_unsigned(value: int) -> bytes:
    """The shortest encoding of a number that is not negative."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode_signed(value: int) -> bytes:
    """The shortest encoding in two's complement."""
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        if value == (-1 if byte & 0x40 else 0):
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)
