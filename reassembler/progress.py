"""How far an assembly is, and what its device is told about it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from contract.ack import MAX_BITMAP, Ack
from contract.errors import LimitExceeded
from reassembler.runs import AssemblyId


@dataclass(frozen=True, slots=True)
class Progress:
    """State of an assembly after a batch was placed."""

    before: int
    """Chunks held before the batch."""
    held: int
    """Chunks held now."""
    duplicates: int
    conflicts: int
    bitmap: bytes
    """Bit per chunk, most significant first, as far as the highest chunk held."""


def first_missing(bitmap: bytes, count: int) -> int:
    """The first chunk that is not held; `count` when none is missing."""
    for index, byte in enumerate(bitmap):
        if byte != 0xFF:
            inverted = byte ^ 0xFF
            return min(count, index * 8 + 8 - inverted.bit_length())
    return min(count, len(bitmap) * 8)


def highest_held(bitmap: bytes) -> int:
    """The highest chunk that is held; -1 when none is."""
    for index in range(len(bitmap) - 1, -1, -1):
        byte = bitmap[index]
        if byte:
            return index * 8 + 7 - ((byte & -byte).bit_length() - 1)
    return -1


def held_beyond(bitmap: bytes, first: int) -> bytes:
    """The bitmap from chunk `first` on, as acks carry it: shifted to start there, cut, trailing zeros left out."""
    if first >= len(bitmap) * 8:
        return b""
    start, shift = divmod(first, 8)
    window = bitmap[start : start + MAX_BITMAP + 1]
    bits = int.from_bytes(window, "big") << shift & ((1 << len(window) * 8) - 1)
    return bits.to_bytes(len(window), "big")[:MAX_BITMAP].rstrip(b"\x00")


def missing_ranges(bitmap: bytes, assembly: AssemblyId) -> Iterator[tuple[int, int]]:
    """Byte ranges `[start, end)` of the dump that are not held, joined, in order."""
    start = -1
    for sequence in range(assembly.count):
        byte, bit = divmod(sequence, 8)
        held = byte < len(bitmap) and bitmap[byte] & (0x80 >> bit)
        if not held and start < 0:
            start = sequence * assembly.chunk_size
        elif held and start >= 0:
            yield start, sequence * assembly.chunk_size
            start = -1
    if start >= 0:
        yield start, assembly.total_size


def acknowledgement(assembly: AssemblyId, progress: Progress, window: int) -> Ack | None:
    """What the device is told after a batch; None when it is better left alone.

    It hears from us every half window of new chunks, when something is missing below what has arrived, and when it
    sends what is held already: the sign that it has not heard us.
    """
    first = first_missing(progress.bitmap, assembly.count)
    half = max(1, window // 2)
    crossed = progress.held // half > progress.before // half
    gap = highest_held(progress.bitmap) >= first
    if not (crossed or gap or progress.duplicates or progress.conflicts):
        return None
    return open_ack(assembly, progress.bitmap)


def open_ack(assembly: AssemblyId, bitmap: bytes) -> Ack:
    """The state of an open assembly."""
    first = first_missing(bitmap, assembly.count)
    return Ack(
        dump_id=assembly.dump_id,
        state="open",
        total_size=assembly.total_size,
        chunk_size=assembly.chunk_size,
        first_missing=first,
        held=held_beyond(bitmap, first),
    )


def stored_ack(assembly: AssemblyId) -> Ack:
    """The dump is durable."""
    return Ack(
        dump_id=assembly.dump_id,
        state="stored",
        total_size=assembly.total_size,
        chunk_size=assembly.chunk_size,
        first_missing=assembly.count,
    )


def wait_ack(assembly: AssemblyId, reason: LimitExceeded, seconds: int) -> Ack:
    """No verdict: an upload that ends makes room, so the device is asked to come back."""
    return Ack(
        dump_id=assembly.dump_id,
        state="wait",
        total_size=assembly.total_size,
        chunk_size=assembly.chunk_size,
        seconds=seconds,
        reason=f"{reason.code}: {reason}"[:256],
    )


def rejected_ack(assembly: AssemblyId, reason: str) -> Ack:
    """The dump will never be taken."""
    return Ack(
        dump_id=assembly.dump_id,
        state="rejected",
        total_size=assembly.total_size,
        chunk_size=assembly.chunk_size,
        reason=reason[:256],
    )
