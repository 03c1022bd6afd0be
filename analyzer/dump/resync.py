"""Finding the way again behind damage: the next memory block, recognised by its header.

An unknown block cannot be skipped, since nothing tells its length. What is found here is labelled as such.
"""

from analyzer.dump.sparse import SparseBytes

MEMORY_HEAD = b"M\x01\x00"
"""Id and version of a memory block."""
OTHER_HEADS = (b"T\x01\x00", b"F\x01\x00", b"C\x01\x00")
MAX_PROBES = 65_536
_PART = 1 << 20
"""Bytes that are looked at, in a copy, at a time."""
_END = 1 << 8
"""Bytes that are looked at first: few dumps end in more of the same."""


def padding_start(data: SparseBytes) -> int:
    """Where the uniform run of 00 or FF that ends the data starts: erased flash or a filled-up chunk."""
    if data.missing and data.missing[-1][1] == len(data):
        return len(data)
    content, end = data.raw(), len(data)
    fill = content[-1:].tobytes()
    if fill not in (b"\x00", b"\xff"):
        return end
    part = _END
    while end:
        start = max(end - part, 0)
        kept = len(content[start:end].tobytes().rstrip(fill))
        if kept:
            return start + kept
        end, part = start, _PART
    return end


def next_memory_block(data: SparseBytes, position: int, pointer: int, padding: int) -> int | None:
    """Offset of the first memory block at or behind `position` that can be believed, or None.

    It must be whole, and something that a dump can continue with must follow it.
    `pointer` is the pointer size in bytes, `padding` what `padding_start` says.
    """
    for _ in range(MAX_PROBES):
        position = data.find(MEMORY_HEAD, position)
        if position < 0:
            return None
        start = data.unsigned(position + 3, pointer)
        end = data.unsigned(position + 3 + pointer, pointer)
        if start is not None and end is not None and 0 < start < end and start % 4 == 0:
            behind = position + 3 + 2 * pointer + (end - start)
            if behind <= len(data) and (behind >= padding or _continues(data, behind, pointer)):
                return position
        position += 1
    return None


def _continues(data: SparseBytes, position: int, pointer: int) -> bool:
    """Whether a dump can go on at `position` with a block header."""
    head = data.read(position, len(MEMORY_HEAD))
    if head is None:
        return True
    if head != MEMORY_HEAD:
        return head in OTHER_HEADS
    start = data.unsigned(position + 3, pointer)
    end = data.unsigned(position + 3 + pointer, pointer)
    return start is None or end is None or start < end
