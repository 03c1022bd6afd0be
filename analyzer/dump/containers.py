"""What a core dump may come in: itself, an image of the flash partition, the memory backend's buffer, a log.

The formats are those of Zephyr's backends in `subsys/debug/coredump/`: `coredump_backend_flash_partition.c`,
`coredump_backend_in_memory.c`, `coredump_backend_logging.c`.
"""

import msgspec

from analyzer.dump.caveat import Caveat
from analyzer.dump.header import HEADER_SIZE, MAGIC, looks_like_header
from analyzer.dump.resync import MAX_PROBES
from analyzer.dump.sparse import SparseBytes
from analyzer.dump.text_log import MARKER, read_text_log
from contract.errors import NotADump

ELF_MAGIC = b"\x7fELF"
FLASH_MAGIC = b"CD"
CANARY = bytes.fromhex("deb0deb0")
SEARCH_LIMIT = 4096
"""How far into the bytes a dump may start when nothing else tells."""
FLASH_OFFSETS = (16, 20, 24, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Where a dump may start in a flash partition: its header, rounded up to the flash's write block."""


class Contained(msgspec.Struct, frozen=True):
    """A dump, taken out of its container."""

    container: str
    data: SparseBytes
    truncated: bool
    caveats: list[Caveat]


def open_container(data: SparseBytes) -> Contained:
    """Find the dump in the bytes; what is in no known container is handed on as it is.

    Raises:
        NotADump: an ELF file, or a log with markers and no dump in it.
    """
    first = data.read(0, 4)
    if first is not None and first[:2] == MAGIC:
        return Contained("raw", data, truncated=False, caveats=[])
    if first is not None and first[:2] == FLASH_MAGIC:
        contained = _open_flash(data)
        if contained is not None:
            return contained
    if first == CANARY:
        contained = _open_in_memory(data)
        if contained is not None:
            return contained
    if first == ELF_MAGIC:
        raise NotADump("this is an ELF file, the firmware and not the dump: give it with --elf, and the dump itself")
    if data.find(MARKER) >= 0:
        content, caveats = read_text_log(data)
        return Contained("text", content, any(caveat.code == "truncated" for caveat in caveats), caveats)
    return _search(data)


def following_dump(data: SparseBytes) -> int | None:
    """Where another dump of the same kind of device starts inside a dump, or None.

    It is known by its header with that of its registers behind it, and is no buffer of the memory backend in the
    memory that was dumped.
    """
    kind = data.read(0, 7)
    position = 0
    for _ in range(MAX_PROBES if kind else 0):
        position = data.find(kind or MAGIC, position + 1)
        if position < 0:
            return None
        registers = data.read(position + HEADER_SIZE, 3)
        buffered = any(data.read(position - len(CANARY) - pointer, len(CANARY)) == CANARY for pointer in (4, 8))
        if registers is not None and registers[:1] == b"A" and registers[2] == 0 and not buffered:
            return position
    return None


def _open_flash(data: SparseBytes) -> Contained | None:
    """The flash partition backend: header, dump at a write block boundary, erase value behind it."""
    start = next((offset for offset in FLASH_OFFSETS if looks_like_header(data, offset)), None)
    if start is None:
        return None
    pointer = {5: 4, 6: 8}.get(data.unsigned(start + 6, 1) or 0, 4)
    size = data.unsigned(4, pointer)
    error = data.unsigned(8 + pointer, 4)
    checksum = data.unsigned(4 + pointer + 2, 2)
    caveats: list[Caveat] = []
    version = data.unsigned(2, 2)
    if version not in (1, None):
        caveats.append(Caveat("newer-version", f"the flash header has version {version}, and only 1 is known"))
    if error:
        number = error - (1 << 32) if error >= 1 << 31 else error
        caveats.append(Caveat("device-error", f"the device noted error {number} while it wrote the dump"))
    if size is None:
        return Contained("flash", data.slice(start, len(data)), truncated=False, caveats=caveats)
    content = data.slice(start, start + size)
    truncated = size > len(content)
    if truncated:
        caveats.append(Caveat("truncated", f"the flash header claims {size} bytes and {len(content)} are there"))
    elif not content.missing and checksum is not None and sum(content.raw()) & 0xFFFF != checksum:
        caveats.append(Caveat("checksum", "the flash header's checksum does not match: some bytes are damaged"))
    return Contained("flash", content, truncated, caveats)


def _open_in_memory(data: SparseBytes) -> Contained | None:
    """The in-memory backend: canary, size, dump, canary. What does not fit is dropped without a word."""
    for pointer in (4, 8):
        start = len(CANARY) + pointer
        if not looks_like_header(data, start):
            continue
        size = data.unsigned(len(CANARY), pointer)
        content = data.slice(start, len(data) if size is None else start + size)
        caveats: list[Caveat] = []
        truncated = size is not None and size > len(content)
        if truncated:
            caveats.append(Caveat("truncated", f"the buffer claims {size} bytes and {len(content)} are there"))
        elif size is not None and data.read(start + size, 4) == CANARY:
            caveats.append(Caveat("buffer-full", "the dump fills its buffer on the device; its end was likely dropped"))
        return Contained("memory", content, truncated, caveats)
    return None


def _search(data: SparseBytes) -> Contained:
    """A dump at a small offset, as behind an erased flash header; else the bytes as they are."""
    position = -1
    while (position := data.find(MAGIC, position + 1, SEARCH_LIMIT + len(MAGIC))) >= 0:
        if looks_like_header(data, position):
            erased = set(data.raw()[:position]) <= {0xFF} and not data.slice(0, position).missing
            caveat = (
                Caveat("unfinished", "the flash header is erased: the device lost power before the dump was finished")
                if erased
                else Caveat("embedded", f"the dump starts at offset {position}; what stands before it is ignored")
            )
            return Contained("flash" if erased else "embedded", data.slice(position, len(data)), erased, [caveat])
    return Contained("raw", data, truncated=False, caveats=[])
