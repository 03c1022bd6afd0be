"""What an index says about the firmware as a whole.

u16 ELF machine | u8 bytes of a pointer | u8 number of ids | u32 units of debug information | u32 of them split |
per id: u8 size, bytes
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.symbols.format.container import CorruptIndex
from analyzer.symbols.interface import DebugUnits

_HEAD = struct.Struct("<HBBII")


@dataclass(frozen=True, slots=True)
class Firmware:
    """ELF e_machine, bytes of a pointer, build ids with the best first, how much debug information there is."""

    machine: int
    pointer_size: int
    build_ids: tuple[bytes, ...]
    debug_units: DebugUnits


def encode(machine: int, pointer_size: int, build_ids: Sequence[bytes], debug_units: DebugUnits) -> bytes:
    """The part FIRMWARE."""
    ids = [build_id for build_id in build_ids if len(build_id) < 256][:255]
    head = _HEAD.pack(machine, pointer_size, len(ids), debug_units.total, debug_units.split)
    return head + b"".join(bytes([len(one)]) + one for one in ids)


def decode(data: memoryview) -> Firmware:
    """Read what `encode` wrote.

    Raises:
        CorruptIndex: the part is damaged.
    """
    if len(data) < _HEAD.size:
        raise CorruptIndex("The symbol index is cut; build it again from the ELF file.")
    machine, pointer_size, count, total, split = _HEAD.unpack_from(data)
    if pointer_size not in (4, 8):
        raise CorruptIndex("The symbol index is damaged; build it again from the ELF file.")
    ids: list[bytes] = []
    position = _HEAD.size
    for _ in range(count):
        size = data[position] if position < len(data) else 0
        build_id = bytes(data[position + 1 : position + 1 + size])
        if not size or len(build_id) != size:
            raise CorruptIndex("The symbol index is cut; build it again from the ELF file.")
        ids.append(build_id)
        position += 1 + size
    return Firmware(machine, pointer_size, tuple(ids), DebugUnits(total, split))
