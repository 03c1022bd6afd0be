"""Core dumps in a console log: the `#CD:` lines of Zephyr's logging backend.

Line formats are those of `subsys/debug/coredump/coredump_backend_logging.c`. Each line may have any prefix, lines of
other threads may come between, and characters get lost on serial lines.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from analyzer.dump.caveat import Caveat
from analyzer.dump.sparse import SparseBytes
from analyzer.dump.text_writes import BYTES_PER_LINE, Assembly, Line
from contract.errors import NotADump

MARKER = b"#CD:"
_HEX = re.compile(rb"[0-9a-fA-F]*")
_COLOUR = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
"""What the console's log backend puts around a line (ECMA-48, 5.4)."""
_DROPPED = re.compile(rb"\d messages dropped")
_BOOT = b"*** Booting "
"""What the kernel prints when it starts (Zephyr's `kernel/banner.c`)."""
_LEAST_LINES = 3
"""Lines of a dump's header and of its registers."""


@dataclass(slots=True)
class _Candidate:
    """One dump in the log, as far as it was printed."""

    lines: list[Line] = field(default_factory=list[Line])
    ended: bool = False
    failed: bool = False
    broke_in: bool = False
    """Whether it was begun before the one before had ended, without the device having started again."""

    def starts_a_dump(self) -> bool:
        """Whether the first bytes are a dump's, or unknown."""
        return bool(self.lines) and (self.lines[0].content[:2] == b"ZE" or len(self.lines[0].content) < 2)

    def size(self) -> int:
        """Bytes that were printed."""
        return sum(len(line.content) for line in self.lines)


def read_text_log(data: SparseBytes) -> tuple[SparseBytes, list[Caveat]]:
    """The dump in a log: the last one that was printed to its end, else the longest.

    Where the device crashed while it dumped, and began again, the longest of those that came first.

    Raises:
        NotADump: the log has markers and no dump; the message says which case it is.
    """
    candidates = _candidates(data)
    dumps = [candidate for candidate in candidates if candidate.starts_a_dump()]
    if not dumps:
        raise NotADump(_why_none(candidates))
    complete = [candidate for candidate in dumps if candidate.ended]
    causes = [candidate for candidate in dumps if not candidate.broke_in and len(candidate.lines) >= _LEAST_LINES]
    chosen = complete[-1] if complete else max(causes or dumps, key=_Candidate.size)
    assembly = Assembly(chosen.lines, finished=chosen.ended and not chosen.failed)
    caveats: list[Caveat] = []
    if len(dumps) > 1:
        position = "last complete" if complete else "longest"
        why = "" if complete or len(causes) == len(dumps) else " that no crash while dumping began"
        caveats.append(
            Caveat("several-dumps", f"the log holds {len(dumps)} dumps; the {position} one{why} is analysed")
        )
    if not chosen.ended:
        caveats.append(Caveat("truncated", "the log ends, or starts a new dump, before this dump's end marker"))
    if chosen.failed:
        caveats.append(Caveat("device-error", "the device printed that it could not finish the dump"))
    if assembly.damage:
        caveats.append(
            Caveat("damaged-lines", f"the log is damaged in {assembly.damage} places; the bytes there are unknown")
        )
    return assembly.result(), caveats


def _candidates(data: SparseBytes) -> list[_Candidate]:
    candidates: list[_Candidate] = []
    current: _Candidate | None = None
    for text, lost_lines in _lines(data):
        line = _decode(text, lost_lines=lost_lines)
        if text == _BOOT:
            current = None
        elif text.startswith(b"BEGIN"):
            current = _Candidate(broke_in=current is not None)
            candidates.append(current)
        elif current is None:
            # The log may have been started in the middle; only a dump's first line makes sense without BEGIN.
            if line.content.startswith(b"ZE"):
                current = _Candidate([line])
                candidates.append(current)
        elif text.startswith(b"END"):
            current.ended = True
            current = None
        elif text.startswith(b"ERROR"):
            current.failed = True
        elif not text.startswith(b"LOCATION"):
            current.lines.append(line)
    return candidates


def _lines(data: SparseBytes) -> Iterator[tuple[bytes, bool]]:
    """What stands behind the marker in each line, and whether nobody knows how many lines are missing there.

    `_BOOT` for a line that says that the device has started.
    """
    offset = 0
    for line in data.raw().tobytes().splitlines(keepends=True):
        lost_lines = bool(data.slice(offset, offset + len(line)).missing or _DROPPED.search(line))
        offset += len(line)
        at = line.find(MARKER)
        if at >= 0:
            yield _COLOUR.sub(b"", line[at + len(MARKER) :]).strip(), lost_lines
        elif _BOOT in line:
            yield _BOOT, lost_lines
        elif lost_lines:
            yield b"", True


def _decode(text: bytes, *, lost_lines: bool) -> Line:
    digits = _HEX.match(text)
    run = digits.group() if digits else b""
    whole = run[: min(len(run), 2 * BYTES_PER_LINE) & ~1]
    return Line(bytes.fromhex(whole.decode("ascii")), damaged=len(whole) != len(text), lost_lines=lost_lines)


def _why_none(candidates: list[_Candidate]) -> str:
    if not candidates:
        return "the log has `#CD:` lines and no `#CD:BEGIN#`: log the whole output of the device, from the fault on"
    if any(candidate.lines for candidate in candidates):
        return (
            "the `#CD:` lines do not start with a dump header (5a45): this looks like `coredump print pretty`, "
            "which prints the payloads only; use `coredump print`"
        )
    if any(candidate.failed for candidate in candidates):
        return "the device printed `#CD:ERROR CANNOT DUMP#` and no data: the dump failed on the device"
    return (
        "the log has the markers of a dump and no data between them: the dump is kept elsewhere on the device "
        "(in memory or in a memory window); read it from there"
    )
