"""The file header of a core dump: 12 bytes, the same in versions 1 and 2.

`struct coredump_hdr_t` of Zephyr's `include/zephyr/debug/coredump.h`.
"""

from struct import Struct

from analyzer.dump.model import Header, Target
from analyzer.dump.resync import next_memory_block, padding_start
from analyzer.dump.sparse import SparseBytes
from contract.errors import NotADump, UnsupportedDump

MAGIC = b"ZE"
HEADER_SIZE = 12
_FIELDS = Struct("<2xHHBBI")
KNOWN_VERSIONS = (1, 2)
POINTER_SIZES = {5: 4, 6: 8}
"""Log2 of a pointer's bits, as the header has it, to bytes."""
FLAG_CHECKSUM = 1


def read_header(data: SparseBytes) -> Header:
    """The file header.

    Raises:
        NotADump: the bytes do not start with `ZE`, or end inside the header.
        UnsupportedDump: the pointer size or the target cannot be analysed.
    """
    if len(data) < HEADER_SIZE:
        raise NotADump(
            f"{len(data)} bytes starting with {_first(data)} are too short for a core dump, whose header alone has "
            f"{HEADER_SIZE} bytes; check that the whole dump was copied from the device"
        )
    if data.read(0, 2) not in (MAGIC, None):
        raise NotADump(
            f"no core dump: the bytes start with {_first(data)}, not with 5a45 (`ZE`); give the dump itself, an "
            "image of the core dump partition, or a log with `#CD:` lines"
        )
    version, target, bits, flags, reason = _fields(data)
    if bits is not None and bits not in POINTER_SIZES:
        raise UnsupportedDump(
            f"pointer size code {bits} in the dump's header is neither 5 (32 bits) nor 6 (64 bits); "
            "the header is damaged: read the dump from the device again"
        )
    if target == 0:
        raise UnsupportedDump(
            "the dump's target code is 0 (unknown), so its registers have no meaning; "
            "the firmware needs an architecture whose core dumps Zephyr supports"
        )
    pointer_size = POINTER_SIZES[bits] if bits is not None else _guess_pointer_size(data, target)
    return Header(version, target, pointer_size, flags, reason)


def _first(data: SparseBytes) -> str:
    return bytes(data.raw()[:8]).hex() or "nothing"


def _fields(data: SparseBytes) -> tuple[int | None, ...]:
    """Version, target, pointer size, flags and reason; None where one never arrived."""
    whole = data.read(0, HEADER_SIZE)
    if whole is not None:
        return _FIELDS.unpack(whole)
    return (data.unsigned(2, 2), data.unsigned(4, 2), data.unsigned(6, 1), data.unsigned(7, 1), data.unsigned(8, 4))


def looks_like_header(data: SparseBytes, offset: int) -> bool:
    """Whether a plausible header starts at `offset`: stricter than the magic, for searching."""
    head = data.read(offset, HEADER_SIZE)
    return (
        head is not None
        and head[:2] == MAGIC
        and 0 < int.from_bytes(head[2:4], "little") < 16
        and 0 < int.from_bytes(head[4:6], "little") < 64
        and head[6] in POINTER_SIZES
        and head[7] <= FLAG_CHECKSUM
    )


def _guess_pointer_size(data: SparseBytes, target: int | None) -> int:
    """The pointer size of a dump whose header never arrived, from the target or from how its memory blocks read."""
    if target in (Target.X86_64, Target.ARM64):
        return 8
    if target in (Target.X86, Target.ARM_CORTEX_M, Target.XTENSA):
        return 4
    behind_hole = data.hole_end(0) or 0
    for pointer in (4, 8):
        if next_memory_block(data, behind_hole, pointer, padding_start(data)) is not None:
            return pointer
    raise NotADump(
        "the start of the dump never arrived and no memory block was found behind it; "
        "have the device send its first chunk again"
    )
