"""Where a dump is kept: as it is, in a flash partition, in the memory backend's buffer, or printed to a log.

The formats are those of Zephyr's backends in `subsys/debug/coredump/`: `coredump_backend_flash_partition.c` and
`coredump_backend_in_memory.c`; logs are in `device.console_log`.
"""

import struct

from contract.errors import NotADump
from device.console_log import MARKER, read_log
from device.dump import MAGIC, POINTER_SIZES, SourceDump, starts_dump

FLASH_MAGIC = b"CD"
FLASH_OFFSETS = (16, 20, 24, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Where a dump starts in its partition: the header's 16 or 20 bytes, rounded up to the flash's write block."""
CANARY = bytes.fromhex("deb0deb0")

_SEARCH_LIMIT = 4096
_ERASED = b"\xff"


def read_dumps(data: bytes) -> list[SourceDump]:
    """The dumps in the bytes of a file or a partition: one, or several when it is a log.

    Raises:
        NotADump: there is none; the message says what was found instead.
    """
    if starts_dump(data):
        return [SourceDump(data, "raw")]
    if data.startswith(FLASH_MAGIC):
        return [_read_flash(data)]
    if data.startswith(CANARY):
        return [_read_memory(data)]
    if MARKER in data:
        return read_log(data)
    return [_search(data)]


def _read_flash(data: bytes) -> SourceDump:
    start = next((offset for offset in FLASH_OFFSETS if starts_dump(data, offset)), None)
    if start is None:
        raise NotADump("a core dump partition with a header and no dump behind it: it was erased, or never written")
    form = "<HIHHi" if POINTER_SIZES[data[start + 6]] == 4 else "<HQHHi"
    version, size, _flags, checksum, error = struct.unpack_from(form, data, len(FLASH_MAGIC))
    content = data[start : start + size]
    warnings: list[str] = []
    if version != 1:
        warnings.append(f"the partition's header has version {version}, and only 1 is known")
    if error:
        warnings.append(f"the device noted error {error} while it wrote the dump")
    if len(content) < size:
        warnings.append(f"the partition's header claims {size} bytes and {len(content)} are there")
    elif sum(content) & 0xFFFF != checksum:
        warnings.append("the checksum in the partition's header does not match: some bytes are damaged")
    return _sendable(content, "flash", warnings)


def _read_memory(data: bytes) -> SourceDump:
    """Canary, size, dump, canary behind the capacity; what does not fit was dropped by the device without a word."""
    for pointer in (4, 8):
        start = len(CANARY) + pointer
        if not starts_dump(data, start):
            continue
        size = int.from_bytes(data[len(CANARY) : start], "little")
        content = data[start : start + size]
        warnings: list[str] = []
        if len(content) < size:
            warnings.append(f"the buffer claims {size} bytes and {len(content)} are there")
        elif data[start + size :].startswith(CANARY):
            warnings.append("the dump fills its buffer on the device: its end was likely dropped")
        return _sendable(content, "memory", warnings)
    raise NotADump("a memory backend's buffer without a dump in it: nothing was stored, or it was cleared")


def _search(data: bytes) -> SourceDump:
    """Without a header of its container: the device lost power before it wrote that, last of all."""
    start = data.find(MAGIC, 0, _SEARCH_LIMIT + len(MAGIC))
    while start >= 0 and not starts_dump(data, start):
        start = data.find(MAGIC, start + 1, _SEARCH_LIMIT + len(MAGIC))
    if start < 0:
        raise NotADump(_what_it_is(data))
    if data[:start].strip(_ERASED):
        return SourceDump(data[start:], "raw", (f"what stands before the dump, {start} bytes, is left out",))
    # Nobody can tell an erased byte from a written 0xff: the server is to call them missing, not to believe them.
    content = data[start:].rstrip(_ERASED)
    return _sendable(content, "flash", ["the partition's header is erased: the dump is unfinished"])


def _sendable(content: bytes, container: str, warnings: list[str]) -> SourceDump:
    if not starts_dump(content):
        raise NotADump(f"the {container} container claims a dump of {len(content)} bytes, less than a dump's header")
    return SourceDump(content, container, tuple(warnings))


def _what_it_is(data: bytes) -> str:
    if not data.strip(_ERASED):
        return "the file is empty" if not data else "the partition is erased: it holds no dump"
    return (
        f"no core dump: {len(data)} bytes, beginning {data[:8].hex()}, not with 5a45 (`ZE`); give the dump itself, "
        "an image of the core dump partition, or a log with `#CD:` lines"
    )
