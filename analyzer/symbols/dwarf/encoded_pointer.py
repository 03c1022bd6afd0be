"""Pointers as `.eh_frame` encodes them (LSB Core, section 10.5)."""

from analyzer.symbols.dwarf import leb128
from analyzer.symbols.dwarf.leb128 import MalformedDwarf


def encoded_pointer(
    data: bytes, position: int, encoding: int, address_size: int, section_address: int
) -> tuple[int, int]:
    """(pointer, position behind it); the encoding's low bits are the format, the high ones what it is relative to.

    Raises:
        IndexError, MalformedDwarf: it cannot be decoded, or is relative to anything but its own place.
    """
    here = section_address + position
    layout = encoding & 0x0F
    if layout == 0x01:
        value, position = leb128.unsigned(data, position)
    elif layout == 0x09:
        value, position = leb128.signed(data, position)
    else:
        sizes = {0x00: address_size, 0x02: 2, 0x03: 4, 0x04: 8, 0x08: address_size, 0x0A: 2, 0x0B: 4, 0x0C: 8}
        size = sizes.get(layout)
        if size is None or position + size > len(data):
            raise MalformedDwarf("A frame description holds a pointer that cannot be decoded.")
        value = int.from_bytes(data[position : position + size], "little", signed=layout >= 0x08)
        position += size
    relative = encoding & 0x70
    if relative == 0x10:
        value += here
    elif relative:
        raise MalformedDwarf("A frame description holds a pointer relative to something unknown.")
    return value & (1 << 8 * address_size) - 1, position
