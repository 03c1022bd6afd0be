"""`struct sys_heap`: a walk over all chunks (Zephyr's `lib/os/heap.h` and `lib/os/heap-validate.c`).

A heap is a row of chunks of 8-byte units, each with a header of two fields: the size of its left neighbour, and its own
size with the lowest bit telling that it is used. Fields are 16 bits wide in a small heap and 32 in a big one. Chunk 0
holds the heap's own structure, `struct z_heap`; a chunk of size 0 ends the row.
"""

from struct import Struct
from typing import NamedTuple

from analyzer.zephyr.objects.members import Members
from analyzer.zephyr.objects.model import State

UNIT = 8
MAX_BYTES = 1 << 20
MOST_SMALL_CHUNKS = 0x7FFF


_SMALL, _BIG = Struct("<HH"), Struct("<II")
"""A chunk's header: the size of its left neighbour, and its own with the bit."""


class _Tally(NamedTuple):
    """What a walk counts; sizes in bytes, headers included."""

    used: int = 0
    free: int = 0
    largest: int = 0
    allocations: int = 0
    problem: str | None = None


def read(heap: Members) -> State | None:
    """How much is used and free, and whether every chunk fits its neighbours."""
    address = heap.unsigned("heap")
    if address is None:
        return None
    if not address:
        return State("not initialised")
    end = heap.at("z_heap", address).unsigned("end_chunk")
    if end is None:
        return None
    if end * UNIT > MAX_BYTES:
        return State(f"{end * UNIT} bytes", {"size": end * UNIT}, problem="it is too large to be walked")
    content = heap.memory.read(address, end * UNIT)
    if content is None:
        return State(f"{end * UNIT} bytes, not all of them in the dump", {"size": end * UNIT})
    # The first chunk has no left neighbour: its first field is 0, and its second is not, whatever the width.
    big = heap.pointer_size > 4 or end > MOST_SMALL_CHUNKS or content[:4] == bytes(4)
    header = _BIG if big else _SMALL
    tally = _walk(content, header, address)
    facts: dict[str, int] = {"size": end * UNIT, "used": tally.used, "free": tally.free}
    if tally.problem is not None:
        return State(f"{end * UNIT} bytes, damaged", facts, problem=tally.problem)
    largest = max(0, tally.largest - header.size)
    facts |= {"largest_free": largest, "allocations": tally.allocations}
    text = f"{tally.used} bytes used in {tally.allocations} blocks, {tally.free} free, largest {largest}"
    return State(text, facts)


def _walk(content: bytes, header: Struct, address: int) -> _Tally:
    end = len(content) // UNIT
    word = header.unpack_from(content)[1] if end else 0
    chunk = before = word >> 1
    if not word & 1 or not 0 < chunk <= end:
        return _Tally(problem=f"its first chunk at {address:#x} is damaged")
    used = free = largest = allocations = 0
    was_free, problem = False, None
    while chunk < end:
        left, word = header.unpack_from(content, chunk * UNIT)
        size = word >> 1
        if left != before:
            problem = "does not fit the one before it, which was written past its end"
        elif not size or chunk + size > end:
            problem = f"has an impossible size of {size * UNIT} bytes"
        elif not word & 1 and was_free:
            problem = "is free like the one before it, and they were not joined"
        if problem is not None:
            problem = f"the chunk at {address + chunk * UNIT:#x} {problem}"
            break
        if word & 1:
            used += size
            allocations += 1
            was_free = False
        else:
            free += size
            largest = max(largest, size)
            was_free = True
        before = size
        chunk += size
    return _Tally(used * UNIT, free * UNIT, largest * UNIT, allocations, problem)
