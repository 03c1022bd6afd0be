"""Where a member starts in its record (DWARF 5, section 5.7.6; bit-fields also as DWARF 2 and 3 tell them)."""

from analyzer.symbols.dwarf.constants import At
from analyzer.symbols.dwarf.entries import Entry

_DW_OP_PLUS_UCONST = 0x23
_MOST_HOPS = 16


def bit_offset(member: Entry) -> int | None:
    """Where a member starts, in bits; None when that is not a constant (virtual base classes)."""
    bits = member.number(At.DATA_BIT_OFFSET)
    if bits is not None:
        return bits
    start = member.number(At.DATA_MEMBER_LOCATION)
    if start is None:
        block = member.block(At.DATA_MEMBER_LOCATION)
        if block is None:
            start = 0
        elif block[:1] == bytes([_DW_OP_PLUS_UCONST]) and len(block) > 1 and block[-1] < 0x80:
            start = sum((byte & 0x7F) << 7 * index for index, byte in enumerate(block[1:]))
        else:
            return None
    size, old = member.natural(At.BIT_SIZE), member.number(At.BIT_OFFSET)
    if size is None or old is None:
        return start * 8
    # DWARF 2 and 3 count from the most significant bit of a storage unit.
    unit = member.natural(At.BYTE_SIZE)
    if unit is None:
        target = member.reference(At.TYPE)
        for _ in range(_MOST_HOPS):
            if target is None or target.has(At.BYTE_SIZE):
                break
            target = target.reference(At.TYPE)
        unit = None if target is None else target.natural(At.BYTE_SIZE)
    if unit is None:
        return None
    return start * 8 + unit * 8 - _signed(old) - size


def _signed(value: int) -> int:
    """Compilers write a negative DW_AT_bit_offset with an unsigned form when a bit-field crosses its storage unit."""
    for bits in (64, 32, 16):
        if value >= 1 << bits - 1:
            return value - (1 << bits)
    return value
