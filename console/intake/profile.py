"""What a crash has in common with others, as the columns of its profile. Pure.

Every text comes from a device or its firmware: it is cut to what its column takes, and loses the NUL characters that
PostgreSQL refuses.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from contract.event import CrashEvent, Frame

LONGEST_NAME: Final = 128
LONGEST_TEXT: Final = 500
"""Characters of a title, a function, a file."""
LONGEST_SEARCH: Final = 4_000
"""Characters that a search looks through."""
MOST_SEARCHED: Final = 32
"""Frames whose functions and files can be searched."""
INNERMOST: Final = 5
"""Frames that decide how far a call stack can be believed: those that people look at first."""
LARGEST: Final = 2**63 - 1

_STRENGTH: Final = ("scan", "frame-pointer", "exidx", "window", "cfi", "exception", "context")
"""How a frame can have been found, weakest first."""
_NUMBER: Final = re.compile(r"\b(?:0x[0-9a-f]+|[0-9]+)\b", re.IGNORECASE)


class ProfileRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The columns of `Profile` that its digest is made of."""

    fingerprint: str
    kind: str
    title: str
    function: str | None
    file: str | None
    line: int | None
    thread: str | None
    trust: str
    symbolized: bool
    complete: bool
    architecture: str
    build_id: str
    firmware: str
    version: str
    board: str
    os: str
    text: str

    def digest(self) -> str:
        """SHA-256 of all of them, hexadecimal."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


def profile_of(event: CrashEvent) -> ProfileRow:
    """The profile that a crash belongs to."""
    crash = event.data
    top = next((frame for frame in crash.frames if frame.function), None)
    firmware = crash.firmware
    return ProfileRow(
        fingerprint=plain(crash.fingerprint, LONGEST_NAME),
        kind=plain(crash.fault.kind, LONGEST_NAME),
        title=plain(crash.fault.title, LONGEST_TEXT),
        function=_optional(top.function if top else None),
        file=_optional(top.file if top else None),
        line=bounded(top.line) if top else None,
        thread=_optional(crash.thread),
        trust=plain(weakest(crash.frames), 32),
        symbolized=crash.symbolized,
        complete=crash.upload.complete,
        architecture=plain(crash.architecture, 64),
        build_id=plain(firmware.build_id.lower(), LONGEST_NAME),
        firmware=plain(firmware.name, LONGEST_NAME),
        version=plain(firmware.version, LONGEST_NAME),
        board=plain(firmware.board, LONGEST_NAME),
        os=plain(firmware.os, LONGEST_NAME),
        text=search_text(event),
    )


def weakest(frames: Sequence[Frame]) -> str:
    """The weakest trust of the innermost frames; empty without frames. One that is not known here is weaker still."""
    found = [frame.trust for frame in frames[:INNERMOST]]
    return min(found, key=_strength, default="")


def search_text(event: CrashEvent) -> str:
    """What a search looks through, casefolded, a line for each: title, explanation, functions and files.

    Numbers of the explanation are left out: they are another one in each crash. So are frames that are only guessed.
    """
    crash = event.data
    frames = [frame for frame in crash.frames[:MOST_SEARCHED] if frame.trust != "scan"]
    explanation = " ".join(_NUMBER.sub(" ", crash.fault.explanation).split())
    lines = (
        crash.fault.title,
        explanation,
        *_named(frame.function for frame in frames),
        *_named(f.file for f in frames),
    )
    return plain("\n".join(line for line in lines if line).casefold(), LONGEST_SEARCH)


def plain(text: str, longest: int) -> str:
    """Text that every database takes: without NUL characters, and not longer than that."""
    return text.replace("\0", "")[:longest]


def bounded(number: int | None) -> int | None:
    """A number that fits into 64 bits; None for one that does not."""
    return number if number is not None and 0 <= number <= LARGEST else None


def _optional(text: str | None) -> str | None:
    return plain(text, LONGEST_TEXT) or None if text else None


def _named(names: Iterable[str | None]) -> Iterable[str]:
    """Each name once, in their order."""
    return dict.fromkeys(name for name in names if name)


def _strength(trust: str) -> int:
    return _STRENGTH.index(trust) if trust in _STRENGTH else -1
