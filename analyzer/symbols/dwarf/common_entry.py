"""Common information entries of call frame information (DWARF 5, section 6.4.1; LSB Core, section 10.6.1.1)."""

from dataclasses import dataclass

from analyzer.symbols.dwarf import leb128
from analyzer.symbols.dwarf.encoded_pointer import encoded_pointer
from analyzer.symbols.dwarf.leb128 import MalformedDwarf
from analyzer.symbols.dwarf.sections import initial_length


@dataclass(frozen=True, slots=True)
class CommonEntry:
    """What the descriptions of several functions have in common."""

    code_factor: int
    data_factor: int
    return_register: int
    signal_frame: bool
    address_size: int
    pointer_encoding: int
    has_augmentation_size: bool
    program: tuple[int, int]
    """Where its instructions start and end in the section."""


def read_common_entry(data: bytes, offset: int, address_size: int, *, is_eh: bool) -> CommonEntry:
    """The entry at an offset of the section.

    Raises:
        IndexError, MalformedDwarf, struct.error: it cannot be read.
    """
    if not 0 <= offset < len(data):
        raise MalformedDwarf("A frame description names a common entry outside its section.")
    length, position = initial_length(data, offset)
    end = position + length
    size = 8 if position - offset == 12 and not is_eh else 4
    position += size
    version = data[position]
    position += 1
    if version not in (1, 3, 4) or end > len(data):
        raise MalformedDwarf("A common information entry cannot be read.")
    text_end = data.find(b"\0", position, end)
    if text_end < 0:
        raise MalformedDwarf("A common information entry's augmentation has no end.")
    augmentation = data[position:text_end]
    position = text_end + 1
    if version == 4:
        address_size = data[position]
        position += 2
    if address_size not in (4, 8):
        raise MalformedDwarf(f"Addresses of {address_size} bytes are not supported.")
    code_factor, position = leb128.unsigned(data, position)
    data_factor, position = leb128.signed(data, position)
    if version == 1:
        return_register = data[position]
        position += 1
    else:
        return_register, position = leb128.unsigned(data, position)
    encoding = 0
    if augmentation.startswith(b"z"):
        size, position = leb128.unsigned(data, position)
        encoding = _augmented_encoding(data, position, augmentation[1:], address_size)
        position += size
    elif augmentation not in (b"", b"S"):
        raise MalformedDwarf("A common information entry has an unknown augmentation.")
    return CommonEntry(
        code_factor,
        data_factor,
        return_register,
        b"S" in augmentation,
        address_size,
        encoding,
        augmentation.startswith(b"z"),
        (position, end),
    )


def _augmented_encoding(data: bytes, position: int, letters: bytes, address_size: int) -> int:
    encoding = 0
    for letter in letters:
        if letter == ord("R"):
            encoding = data[position]
            position += 1
        elif letter == ord("L"):
            position += 1
        elif letter == ord("P"):
            _, position = encoded_pointer(data, position + 1, data[position], address_size, 0)
        elif letter not in b"SB":
            raise MalformedDwarf("A common information entry has an unknown augmentation.")
    return encoding
