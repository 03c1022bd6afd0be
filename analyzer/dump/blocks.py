"""The blocks of a core dump: registers, threads metadata, CPU snapshots, memory, checksum.

Layouts are those of Zephyr's `include/zephyr/debug/coredump.h`: packed, unaligned, little endian. There is no total
length, no end marker, and a block whose id is unknown cannot be skipped. Block `C` and header flag bit 0 follow
zephyrproject-rtos/zephyr#118694.
"""

import zlib
from struct import Struct

from analyzer.dump.caveat import Caveat
from analyzer.dump.header import FLAG_CHECKSUM, HEADER_SIZE, KNOWN_VERSIONS, read_header
from analyzer.dump.memory import MemoryImage
from analyzer.dump.model import ArchitectureBlock, CpuSnapshot
from analyzer.dump.resync import next_memory_block, padding_start
from analyzer.dump.sparse import SparseBytes

MAX_BLOCKS = 65_536
MOST_CAVEATS = 100
_VERSION, _SIZE, _CHECKSUM = Struct("<H"), Struct("<H"), Struct("<I")
_SNAPSHOT = {4: Struct("<HII"), 8: Struct("<HIQ")}
"""By bytes of a pointer: the size of the registers, the CPU, its thread."""
_RANGE = {4: Struct("<II"), 8: Struct("<QQ")}
"""By bytes of a pointer: start and end of some memory."""


class _Unreadable(Exception):
    """What stands at an offset is no block."""


class BlockReader:
    """Walks the blocks once and keeps what it finds; raises as `read_header` does."""

    def __init__(self, data: SparseBytes) -> None:
        """`data` starts with the file header."""
        self.header = read_header(data)
        self.architecture: ArchitectureBlock | None = None
        self.kernel: SparseBytes | None = None
        self.cpus: list[CpuSnapshot] = []
        self.memory = MemoryImage()
        self.ranges: list[tuple[int, int]] = []
        self.trailing = b""
        self.truncated = False
        self.intact = True
        """Whether every block ended where the next one, or nothing, started."""
        self.caveats: list[Caveat] = []
        self._data = data
        self._pointer = self.header.pointer_size
        self._checksummed = False
        self._check_header()
        self._walk()

    def _warn(self, code: str, text: str) -> None:
        caveat = Caveat(code, text)
        if caveat in self.caveats or len(self.caveats) > MOST_CAVEATS:
            return
        if len(self.caveats) == MOST_CAVEATS:
            caveat = Caveat("more-caveats", "more is wrong with the dump's blocks than is listed here")
        self.caveats.append(caveat)

    def _cut(self, where: str) -> None:
        self.truncated = True
        self.intact = False
        self._warn("truncated", f"the dump ends {where}")

    def _check_header(self) -> None:
        header = self.header
        if header.version is None or header.target is None or header.reason is None:
            self._warn("missing-header", "the start of the dump never arrived, so what it says there is unknown")
        elif header.version not in KNOWN_VERSIONS:
            self._warn(
                "newer-version",
                f"header version {header.version} is unknown; the dump is read as version 2, which may be wrong",
            )

    def _walk(self) -> None:
        data, position = self._data, HEADER_SIZE
        padding = padding_start(data)
        for _ in range(MAX_BLOCKS):
            # A block may end in zeros of its own, so padding is looked for only where a block should start.
            if position >= padding:
                break
            try:
                position = self._read_block(position)
            except _Unreadable as reason:
                self.intact = False
                following = next_memory_block(data, position + 1, self._pointer, padding)
                if following is None:
                    self._keep_trailing(position, str(reason))
                    break
                self._warn(
                    "resynchronised",
                    f"{following - position} bytes at offset {position} were skipped ({reason}); "
                    "the memory behind them was found by its block header",
                )
                position = following
        else:
            self._warn("too-many-blocks", f"the dump has more than {MAX_BLOCKS} blocks; the others are ignored")
        if (self.header.flags or 0) & FLAG_CHECKSUM and not self._checksummed:
            self._cut("before the checksum that its header announces")

    def _keep_trailing(self, position: int, reason: str) -> None:
        self.trailing = self._data.raw()[position:].tobytes()
        self._warn("trailing-data", f"the last {len(self.trailing)} bytes were not understood: {reason}")

    def _read_block(self, position: int) -> int:
        """Read the block at `position`; returns the offset behind it."""
        identifier = self._data.read(position, 1)
        match identifier:
            case b"A":
                return self._read_architecture(position)
            case b"T":
                return self._read_threads(position)
            case b"F":
                return self._read_cpu(position)
            case b"M":
                return self._read_memory(position)
            case b"C":
                return self._read_checksum(position)
            case None:
                raise _Unreadable("a block header never arrived")
            case _:
                raise _Unreadable(f"unknown block id {identifier.hex()}")

    def _field(self, offset: int, size: int) -> int:
        """A field of a block header."""
        value = self._data.unsigned(offset, size)
        if value is None:
            raise self._unreadable(offset, size)
        return value

    def _unreadable(self, offset: int, size: int) -> _Unreadable:
        """Why some bytes of a block header cannot be read."""
        if offset + size > len(self._data):
            self._cut("inside a block header")
            return _Unreadable("a block header is cut off")
        return _Unreadable("part of a block header never arrived")

    def _head(self, position: int, layout: Struct) -> tuple[int, ...]:
        """The fields of a block header, behind the block's id and its version, which must be 1."""
        head = self._data.read(position + 1, _VERSION.size + layout.size)
        version = self._field(position + 1, _VERSION.size) if head is None else _VERSION.unpack_from(head)[0]
        if version != 1:
            raise _Unreadable(f"a block has version {version}, and only version 1 is known")
        if head is None:
            raise self._unreadable(position + 1, _VERSION.size + layout.size)
        return layout.unpack_from(head, _VERSION.size)

    def _payload(self, start: int, size: int, what: str) -> SparseBytes:
        """A block's payload, as far as it is there."""
        there = len(self._data) - start
        if size > there:
            self._cut(f"inside {what}: {there} of {size} bytes are there")
        return self._data.slice(start, start + size)

    def _read_architecture(self, position: int) -> int:
        version = self._field(position + 1, 2)
        size = self._field(position + 3, 2)
        if self.architecture is not None:
            self._warn("duplicate-block", "there is more than one block of registers; the last one is used")
        payload = self._payload(position + 5, size, "the block of registers")
        self.architecture = ArchitectureBlock(version, payload, size)
        return position + 5 + size

    def _read_threads(self, position: int) -> int:
        (size,) = self._head(position, _SIZE)
        if self.kernel is not None:
            self._warn("duplicate-block", "there is more than one block of threads metadata; the last one is used")
        self.kernel = self._payload(position + 5, size, "the threads metadata")
        return position + 5 + size

    def _read_cpu(self, position: int) -> int:
        size, cpu, thread = self._head(position, _SNAPSHOT[self._pointer])
        start = position + 9 + self._pointer
        self.cpus.append(CpuSnapshot(cpu, thread, self._payload(start, size, f"the snapshot of CPU {cpu}")))
        return start + size

    def _read_memory(self, position: int) -> int:
        start, end = self._head(position, _RANGE[self._pointer])
        if start >= end:
            raise _Unreadable(f"a memory block from {start:#x} to {end:#x} is no range")
        content = position + 3 + 2 * self._pointer
        block = self._payload(content, end - start, f"memory {start:#x}..{end:#x}")
        if self.memory.add(start, block):
            self._warn("overlap", f"memory in {start:#x}..{end:#x} was dumped twice and differs; the first is used")
        self.ranges.append((start, end))
        return content + (end - start)

    def _read_checksum(self, position: int) -> int:
        (expected,) = self._head(position, _CHECKSUM)
        before = self._data.slice(0, position)
        if not before.missing and zlib.crc32(before.raw()) != expected:
            self._warn("checksum", "the dump's own checksum does not match: some of its bytes are damaged")
        self._checksummed = True
        return position + 7
