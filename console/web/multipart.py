"""A form with files, part by part while it comes in: whatever its size, nothing of it is held in memory for long."""

from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from contract.errors import InputError, LimitExceeded

MOST_PARTS: Final = 100
"""In one form."""


class BadForm(InputError):
    """The body of a request is not the form that its header announces."""

    code = "form"


@dataclass(frozen=True, slots=True)
class Part:
    """A field of the form, or a file; read its pieces before the next part is asked for."""

    name: str
    file_name: str | None
    """None for a field."""
    pieces: AsyncGenerator[bytes]


@dataclass(frozen=True, slots=True)
class _Head:
    name: str
    file_name: str | None


class _End:
    """Of a part."""


async def parts(request: Request) -> AsyncGenerator[Part]:
    """The parts of a `multipart/form-data` request, in its order; a piece that nobody read is passed over.

    Raises:
        BadForm: the body is no such form, or ends too early.
    """
    events = _events(request)
    async for event in events:
        if isinstance(event, _Head):
            pieces = _until_end(events)
            yield Part(event.name, event.file_name, pieces)
            async for _ in pieces:
                pass


async def text_of(part: Part, *, most: int) -> str:
    """The text of a field; raises `LimitExceeded` where it has more than `most` bytes."""
    content = bytearray()
    async for piece in part.pieces:
        content += piece
        if len(content) > most:
            raise LimitExceeded(f"the field {part.name[:40]!r} has more than {most} bytes")
    return content.decode("utf-8", "replace")


async def _until_end(events: "AsyncIterable[_Head | _End | bytes]") -> AsyncGenerator[bytes]:
    async for event in events:
        if isinstance(event, _End):
            return
        if isinstance(event, bytes):
            yield event


async def _events(request: Request) -> "AsyncGenerator[_Head | _End | bytes]":
    kind, options = parse_options_header(request.headers.get("Content-Type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise BadForm("a form with a file is expected (multipart/form-data)")
    reader = _Reader()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": reader.on_part_begin,
                "on_header_field": reader.on_header_field,
                "on_header_value": reader.on_header_value,
                "on_header_end": reader.on_header_end,
                "on_headers_finished": reader.on_headers_finished,
                "on_part_data": reader.on_part_data,
                "on_part_end": reader.on_part_end,
                "on_end": reader.on_end,
            },
        )
        async for piece in request.stream():
            parser.write(piece)
            events, reader.events = reader.events, []
            for event in events:
                yield event
    except FormParserError as error:
        raise BadForm(f"the form cannot be read: {error}") from error
    if not reader.is_whole:
        raise BadForm("the form was cut off before its end: send it again")


class _Reader:
    """Gathers what the parser finds in a piece of the body."""

    def __init__(self) -> None:
        self.events: list[_Head | _End | bytes] = []
        self.is_whole = False
        self._field = self._value = self._disposition = b""
        self._count = 0

    def on_part_begin(self) -> None:
        self._count += 1
        self._disposition = b""
        if self._count > MOST_PARTS:
            raise BadForm(f"the form has more than {MOST_PARTS} parts: send fewer files at a time")

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = self._value
        self._field = self._value = b""

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        file_name = options.get(b"filename")
        name = options.get(b"name", b"").decode("utf-8", "replace")
        self.events.append(_Head(name, None if file_name is None else file_name.decode("utf-8", "replace")))

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self.events.append(bytes(data[start:end]))

    def on_part_end(self) -> None:
        self.events.append(_End())

    def on_end(self) -> None:
        self.is_whole = True
