"""A build id that the device put into its dump.

Zephyr keeps binary descriptors (`include/zephyr/bindesc.h`) in read-only memory, which a dump holds only when the
firmware adds that region on purpose.
"""

import re
from collections.abc import Iterator
from itertools import islice

from analyzer.dump.memory import MemoryImage, places

MAGIC = (0xB9863E5A7EA46046).to_bytes(8, "little")
HEADERS = (bytes.fromhex("f1251400"), bytes.fromhex("f0251400"))
"""Tag and length of a 20-byte build id: our descriptor, and the older vendor's."""
_ALIKE = HEADERS[0][1:]
"""What both of them end in."""
_LOOSE = re.compile(re.escape(_ALIKE))  # much faster than `find` where the pattern ends in 0, as most of a RAM is
ID_SIZE = 20
_END = b"\xff\xff"
_MOST_DESCRIPTORS = 256


def build_id_in(memory: MemoryImage) -> bytes | None:
    """The build id in dumped memory; None when there is none, or more than one that could be it."""
    listed: list[bytes] = []
    loose: set[bytes] = set()
    for _, segment in memory.segments():
        if _LOOSE.search(segment) is None:
            continue  # a list has such a header too: most memory is searched once
        listed += _listed(segment)
        loose.update(_loose(segment))
    if listed:
        return listed[0]
    return loose.pop() if len(loose) == 1 else None


def _listed(content: memoryview) -> Iterator[bytes]:
    """Build ids in a list of descriptors behind its magic number."""
    start = next(places(content, MAGIC), None)
    if start is None:
        return
    offset = start + len(MAGIC)
    for _ in range(_MOST_DESCRIPTORS):
        header = content[offset : offset + 4].tobytes()
        if len(header) < 4 or header[:2] == _END:
            return
        length = int.from_bytes(header[2:], "little")
        value = content[offset + 4 : offset + 4 + length]
        if header in HEADERS and len(value) == ID_SIZE and any(value):
            yield bytes(value)
        offset += 4 + (length + 3 & ~3)


def _loose(content: memoryview) -> Iterator[bytes]:
    """What looks like a descriptor on its own, as where a device copies it to RAM."""
    for match in islice(_LOOSE.finditer(content), _MOST_DESCRIPTORS):
        found = match.start()
        offset = found - 1
        value = content[found + 3 : found + 3 + ID_SIZE]
        is_header = offset >= 0 and offset % 4 == 0 and content[offset : offset + 4].tobytes() in HEADERS
        if is_header and len(value) == ID_SIZE and len(set(value)) > 4:
            yield bytes(value)
