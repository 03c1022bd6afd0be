"""Core dumps printed to a console: the `#CD:` lines of Zephyr's logging backend.

Line formats are those of `subsys/debug/coredump/coredump_backend_logging.c`; each line may have any prefix.

A log that decodes to blocks without a gap becomes the dump itself. Of any other the marked lines are sent as they are
printed: they show the server where something is missing, which the bytes alone would not.
"""

import re
from dataclasses import dataclass, field

from contract.errors import NotADump
from device.dump import SourceDump, end_of_blocks, starts_dump

MARKER = b"#CD:"
_BEGIN, _END, _ERROR, _LOCATION = b"BEGIN#", b"END#", b"ERROR", b"LOCATION"
_DATA = re.compile(rb"(?:[0-9a-fA-F]{2}){1,32}")
_COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
_DROPPED = re.compile(rb"\d+ messages dropped")


@dataclass(slots=True)
class _Printed:
    """What stands between one BEGIN and its END."""

    lines: list[bytes] = field(default_factory=list[bytes])
    damaged: int = 0
    ended: bool = False
    failed: bool = False


def read_log(log: bytes) -> list[SourceDump]:
    """The dumps in a log, in their order; raises `NotADump` when there is none."""
    printed = _split(log)
    dumps = [one for one in printed if _may_be_dump(one)]
    if not dumps:
        raise NotADump(_why_none(printed))
    return [_decode(one) for one in dumps]


def _may_be_dump(printed: _Printed) -> bool:
    """Whether it begins as a dump does, or so damaged that nobody can tell."""
    first = printed.lines[0] if printed.lines else b""
    return first.lower().startswith(b"5a45") or bool(first and not _DATA.fullmatch(first))


def _split(log: bytes) -> list[_Printed]:
    printed: list[_Printed] = []
    current: _Printed | None = None
    for line in _COLOUR.sub(b"", log).splitlines():
        marker, text = line.find(MARKER), b""
        if marker >= 0:
            text = line[marker + len(MARKER) :].strip()
        elif current is not None and _DROPPED.search(line):
            current.damaged += 1
            current.lines.append(line.strip())
        if text.startswith(_BEGIN):
            current = _Printed()
            printed.append(current)
        elif current is None or marker < 0 or text.startswith(_LOCATION):
            continue
        elif text.startswith(_END):
            current.ended = True
            current = None
        elif text.startswith(_ERROR):
            current.failed = True
        else:
            current.damaged += _DATA.fullmatch(text) is None
            current.lines.append(text)
    return printed


def _decode(printed: _Printed) -> SourceDump:
    warnings: list[str] = []
    if not printed.ended:
        warnings.append("the log ends, or begins another dump, before this dump's end marker")
    if printed.failed:
        warnings.append("the device printed that it could not finish the dump")
    if printed.ended and not printed.failed and not printed.damaged:
        content = bytes.fromhex(b"".join(printed.lines).decode("ascii"))
        if starts_dump(content) and end_of_blocks(content) == len(content):
            return SourceDump(content, "log")
    warnings.append(
        f"{printed.damaged} lines of the log are damaged; the log's lines are sent as they are"
        if printed.damaged
        else "the blocks in the log are not whole; the log's lines are sent as they are"
    )
    return SourceDump(_printed_again(printed), "log", tuple(warnings))


def _printed_again(printed: _Printed) -> bytes:
    lines = [MARKER + _BEGIN]
    lines += [line if _DROPPED.search(line) else MARKER + line for line in printed.lines]
    if printed.failed:
        lines.append(MARKER + b"ERROR CANNOT DUMP#")
    if printed.ended:
        lines.append(MARKER + _END)
    return b"\n".join(lines) + b"\n"


def _why_none(printed: list[_Printed]) -> str:
    if not printed:
        return "the log has `#CD:` lines and no `#CD:BEGIN#`: log everything the device prints, from the fault on"
    if any(one.lines for one in printed):
        return (
            "the `#CD:` lines do not begin with a dump's header (5a45); if they come from `coredump print pretty`, "
            "use `coredump print`"
        )
    if any(one.failed for one in printed):
        return "the device printed `#CD:ERROR CANNOT DUMP#` and no data: the dump failed on the device"
    return "the log has a dump's markers and no data between them: the device keeps the dump elsewhere, read it there"
