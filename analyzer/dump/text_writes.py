"""Putting the lines of a log back together, so that a lost character never shifts what follows.

Zephyr's logging backend starts a new line with every write, and each block is two writes: its header and its
payload. A header on a line of its own therefore tells how many lines must follow, and a line that is damaged,
or lines that are missing, leave a hole of known size.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.dump.sparse import Range, SparseBytes

BYTES_PER_LINE = 32
"""The most that the backend prints in one line."""
FILE_HEADER = re.compile(rb"ZE.{10}", re.DOTALL)
BLOCK_HEADER = re.compile(
    rb"[AT].{4}|F\x01\x00.{10}(.{4})?|M\x01\x00(.{8}|.{16})|C\x01\x00.{4}",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Line:
    """What one line of the log says."""

    content: bytes
    damaged: bool = False
    """The line had more than these bytes, and they cannot be read."""
    lost_lines: bool = False
    """Nobody knows how many lines are missing here."""


class Assembly:
    """Lines to bytes; `damage` counts the places where bytes are missing."""

    def __init__(self, lines: Sequence[Line], *, finished: bool) -> None:
        """`finished` tells that the end marker was printed and no error: nothing may be missing at the end."""
        self.damage = 0
        self._content = bytearray()
        self._holes: list[Range] = []
        self._assemble(lines, finished=finished)

    def result(self) -> SparseBytes:
        """The dump with its holes."""
        return SparseBytes(bytes(self._content), self._holes)

    def _hole(self, size: int) -> None:
        self._holes.append((len(self._content), len(self._content) + size))
        self._content += bytes(size)

    def _assemble(self, lines: Sequence[Line], *, finished: bool) -> None:
        position = 0
        if lines and FILE_HEADER.match(lines[0].content) is None:
            # The damaged file header; a whole one leaves its length to the next branch.
            self._hole(12)
            self.damage += 1
            position = 1
        while position < len(lines):
            content = lines[position].content
            if lines[position].damaged or lines[position].lost_lines or not _is_header(content):
                self._add_unframed(lines[position])
                position += 1
                continue
            self._content += content
            size = _payload_size(content)
            end = position = position + 1
            remaining = size
            while end < len(lines) and not (_is_header(lines[end].content) and len(lines[end].content) != remaining):
                remaining -= BYTES_PER_LINE
                end += 1
            position += self._add_payload(lines[position:end], size, whole=end < len(lines) or finished)

    def _add_unframed(self, line: Line) -> None:
        """A line whose place in a block is not known: the shell prints such, and damage leaves them.

        A damaged one is given up whole: what is left of it could be taken for a header that payload follows.
        """
        if line.lost_lines or line.damaged:
            self.damage += 1
            self._hole(BYTES_PER_LINE)
        else:
            self._content += line.content

    def _add_payload(self, lines: Sequence[Line], size: int, *, whole: bool) -> int:
        """Add a payload of `size` bytes; returns how many of the lines belong to it.

        `whole` tells that something follows, so that a lack of lines means lost lines and not the end.
        """
        slots = -(-size // BYTES_PER_LINE)
        gaps = [index for index, line in enumerate(lines) if line.lost_lines]
        if not gaps and len(lines) >= slots:
            for slot in range(slots):
                self._add_slot(lines[slot], slot, size)
            return slots
        if not gaps and not whole:
            for slot, line in enumerate(lines):
                self._add_slot(line, slot, size)
            return len(lines)
        # Lines are missing, perhaps a block's header among them: what follows the first gap cannot be placed, and
        # without a gap to point at nothing can.
        front = min(gaps[0], slots) if gaps else 0
        start = len(self._content)
        for slot in range(front):
            self._add_slot(lines[slot], slot, size)
        self.damage += 1
        self._hole(size - (len(self._content) - start))
        return len(lines)

    def _add_slot(self, line: Line, slot: int, size: int) -> None:
        """Add the line that holds bytes 32 x slot and on of a payload."""
        wanted = min(BYTES_PER_LINE, size - slot * BYTES_PER_LINE)
        content = line.content[:wanted]
        self._content += content
        if len(content) < wanted:
            self.damage += 1
            self._hole(wanted - len(content))


def _is_header(content: bytes) -> bool:
    return bool(BLOCK_HEADER.fullmatch(content) or FILE_HEADER.fullmatch(content))


def _payload_size(header: bytes) -> int:
    """Bytes that follow a header in writes of their own; 0 when the header makes no sense."""
    match header[:1], len(header):
        case (b"A" | b"T" | b"F", _):
            return int.from_bytes(header[3:5], "little")
        case (b"M", 11 | 19 as length):
            pointer = (length - 3) // 2
            start = int.from_bytes(header[3 : 3 + pointer], "little")
            return max(0, int.from_bytes(header[3 + pointer :], "little") - start)
        case _:
            return 0
