"""What the worker asks of the process that does the analysing, and what comes back."""

import struct
from typing import BinaryIO

import msgspec

from analyzer.questions import Question


class AnalyseDump(msgspec.Struct, frozen=True, tag="analyse"):
    """Analyse a dump."""

    dump: str
    """Path of the dump."""
    index: str | None
    """Path of the firmware's symbol index; None when there is none yet."""
    build_id: str = ""
    """Hexadecimal, as the device sent it."""
    missing: tuple[tuple[int, int], ...] = ()
    """Byte ranges `[start, end)` that never arrived."""


class IndexFirmware(msgspec.Struct, frozen=True, tag="index"):
    """Build the symbol index of an ELF file."""

    elf: str
    output: str
    """Path of the index file to be written."""


class InspectDump(msgspec.Struct, frozen=True, tag="inspect"):
    """Answer a question about a dump."""

    dump: AnalyseDump
    question: Question


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The process is up; sent once, before any request. What it took to start is not the first dump's fault."""


class Analysed(msgspec.Struct, frozen=True, tag="analysed"):
    """A report was made."""

    report: bytes
    """JSON of `analyzer.report.model.Report`."""


class Answered(msgspec.Struct, frozen=True, tag="answered"):
    """A question was answered."""

    answer: bytes
    """JSON, of what the question names."""


class Indexed(msgspec.Struct, frozen=True, tag="indexed"):
    """The index was written."""

    build_ids: list[bytes]
    """Ids under which devices may name this firmware, best first."""


class Progressed(msgspec.Struct, frozen=True, tag="progressed"):
    """How far an index has come; any number of these go before its `Indexed`."""

    done: int
    total: int


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """An error of ours: the input is what is wrong."""

    code: str
    reason: str
    is_dump: bool = True
    """False when the input is not a dump at all."""


Request = AnalyseDump | IndexFirmware | InspectDump
Reply = Ready | Analysed | Answered | Indexed | Progressed | Failed

_requests = msgspec.msgpack.Decoder(Request)
_replies = msgspec.msgpack.Decoder(Reply)
_LENGTH = struct.Struct("<I")


def pack(message: Request | Reply) -> bytes:
    """Length and MessagePack of a message, as it goes through the pipe."""
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body


def unpack_reply(body: bytes) -> Reply:
    """A reply, without its length."""
    return _replies.decode(body)


def read_request(pipe: BinaryIO) -> Request | None:
    """The next request; None at the end of the pipe."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    return _requests.decode(pipe.read(_LENGTH.unpack(head)[0]))
