"""The memory accesses of Thumb instructions: what a load or store goes to, and through which register.

Encodings: Armv7-M Architecture Reference Manual (DDI 0403), A5.2.4 (16 bit) and A5.3.5 to A5.3.10 (32 bit). Only what
has a base register is decoded; anything else gives None, never a guess.
"""

from collections.abc import Mapping

from analyzer.cpu.base import Access

SP = 13
PC = 15
_MASK = 0xFFFFFFFF

_REGISTER_OFFSET: dict[int, tuple[bool, int]] = {
    0: (True, 4),  # STR
    1: (True, 2),  # STRH
    2: (True, 1),  # STRB
    3: (False, 1),  # LDRSB
    4: (False, 4),  # LDR
    5: (False, 2),  # LDRH
    6: (False, 1),  # LDRB
    7: (False, 2),  # LDRSH
}


def access(code: bytes, registers: Mapping[int, int]) -> Access | None:
    """The access of the instruction that `code` starts with (2 or 4 bytes, little endian)."""
    if len(code) < 2:
        return None
    first = int.from_bytes(code[:2], "little")
    if first >> 11 not in (0b11101, 0b11110, 0b11111):
        return _narrow(first, registers)
    return _wide(first, int.from_bytes(code[2:4], "little"), registers) if len(code) >= 4 else None


def _at(registers: Mapping[int, int], base: int, offset: int | None, size: int, *, store: bool) -> Access | None:
    value = registers.get(base)
    if value is None or offset is None or base == PC:
        return None
    return Access(store=store, size=size, base=base, base_value=value, address=(value + offset) & _MASK)


def _narrow(word: int, registers: Mapping[int, int]) -> Access | None:
    base, immediate = word >> 3 & 7, word >> 6 & 31
    store, offset, size = not word >> 11 & 1, None, 4
    match word >> 12:
        case 0b0101:
            store, size = _REGISTER_OFFSET[word >> 9 & 7]
            offset = registers.get(word >> 6 & 7)
        case 0b0110:
            offset = immediate * 4
        case 0b0111:
            offset, size = immediate, 1
        case 0b1000:
            offset, size = immediate * 2, 2
        case 0b1001:
            base, offset = SP, (word & 0xFF) * 4
        case 0b1100:
            base, offset = word >> 8 & 7, 0
        case _:
            pass
    return _at(registers, base, offset, size, store=store)


def _wide(first: int, second: int, registers: Mapping[int, int]) -> Access | None:
    base = first & 15
    load = bool(first >> 4 & 1)
    if first >> 9 == 0b1110100 and first >> 6 & 1:
        return _dual(first, second, registers)
    if first >> 9 == 0b1110100:
        # LDM and STM: increment after, or decrement before.
        count = (second & 0xFFFF).bit_count()
        offset = {0b01: 0, 0b10: -4 * count}.get(first >> 7 & 3)
        return _at(registers, base, offset, 4, store=not load)
    if first >> 9 == 0b1111100:
        size = {0: 1, 1: 2, 2: 4}.get(first >> 5 & 3)
        return None if size is None else _at(registers, base, _offset(first, second, registers), size, store=not load)
    return None


def _dual(first: int, second: int, registers: Mapping[int, int]) -> Access | None:
    """LDRD and STRD with an immediate; exclusive accesses share their space and are told apart by P and W."""
    indexed, add, write_back = first >> 8 & 1, first >> 7 & 1, first >> 5 & 1
    if not indexed and not write_back:
        return None
    offset = (second & 0xFF) * 4 if indexed else 0
    return _at(registers, first & 15, offset if add else -offset, 4, store=not first >> 4 & 1)


def _offset(first: int, second: int, registers: Mapping[int, int]) -> int | None:
    """The offset of a single load or store: 12 bits, 8 bits with indexing, or a shifted register."""
    if first >> 7 & 1:
        return second & 0xFFF
    if not second >> 11 & 1:
        index = registers.get(second & 15)
        return None if index is None or second >> 6 & 63 else index << (second >> 4 & 3)
    indexed, add = second >> 10 & 1, second >> 9 & 1
    offset = second & 0xFF if indexed else 0
    return offset if add else -offset
