"""The chunk: the one message a device sends.

Every chunk describes itself, so any order and any subset of them makes sense; there is no begin and no end to lose.
The wire form is a MessagePack map with the short keys given below; unknown keys are ignored, so fields can be added.
"""

from typing import Annotated
from zlib import crc32

import msgspec
from msgspec import Meta

from contract.errors import MessageError
from contract.malformed import MALFORMED

PROTOCOL_VERSION = 1

MAX_DUMP_SIZE = 1 << 30
"""Bytes; what the protocol can name. What an installation accepts is a setting, far below."""
MAX_CHUNK_SIZE = 1 << 20
"""Bytes; likewise."""
MAX_MESSAGE_SIZE = MAX_CHUNK_SIZE + 64 * 1024
"""Bytes of one encoded chunk, metadata included."""

Attribute = str | int | float | bool | None
"""A value of a device attribute."""


class ChunkError(MessageError):
    """A chunk that does not follow the protocol."""

    code = "message.chunk"


class UnknownVersion(ChunkError):
    """A chunk of a protocol version that we do not speak."""

    code = "message.version"


class ChunkTypeError(ChunkError):
    """Not a MessagePack map, a field is missing, or a field has the wrong type."""

    code = "message.type"


class ChunkBoundsError(ChunkError):
    """A size or a sequence number out of bounds, or one that contradicts another."""

    code = "message.bounds"


class ChunkChecksumError(ChunkError):
    """The bytes do not have the CRC-32 that the chunk claims."""

    code = "message.checksum"


class Metadata(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a device knows about the crash beside the dump; travels in chunk 0."""

    build_id: Annotated[bytes, Meta(max_length=64)] = b""
    """Build id of the image that crashed; empty when it has none."""
    firmware: Annotated[str, Meta(max_length=128)] = ""
    """Name of the firmware, for people."""
    version: Annotated[str, Meta(max_length=128)] = ""
    """Version of the firmware, for people."""
    board: Annotated[str, Meta(max_length=128)] = ""
    """Name of the hardware, such as `nrf52840dk`."""
    os: Annotated[str, Meta(max_length=128)] = ""
    """Operating system and its version, such as `Zephyr 4.1.0`."""
    boot: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    """Number of the boot that crashed. With it the same bytes from a later boot are a new crash."""
    uptime_ms: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    """Milliseconds from boot to crash."""
    crc32: Annotated[int, Meta(ge=0, le=2**32 - 1)] | None = None
    """CRC-32 (IEEE 802.3) of the whole dump."""
    sha256: Annotated[bytes, Meta(min_length=32, max_length=32)] | None = None
    """SHA-256 of the whole dump."""
    attributes: Annotated[dict[Annotated[str, Meta(max_length=64)], Attribute], Meta(max_length=64)] = {}
    """Anything else worth filtering by: serial number, region, hardware revision."""

    @property
    def occurrence(self) -> str:
        """What tells this crash from an identical one of another boot: `boot:7`, `uptime:123456`, or nothing."""
        if self.boot is not None:
            return f"boot:{self.boot}"
        return "" if self.uptime_ms is None else f"uptime:{self.uptime_ms}"


class Chunk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One piece of a dump: the bytes `[sequence * chunk_size, ...)` of it."""

    version: int = msgspec.field(name="v")
    """Protocol version: 1."""
    dump_id: Annotated[bytes, Meta(min_length=4, max_length=32)] = msgspec.field(name="id")
    """Made from the dump's content, so a device that restarts in the middle continues the same dump."""
    sequence: Annotated[int, Meta(ge=0, lt=2**32)] = msgspec.field(name="seq")
    """Number of the chunk, from 0."""
    total_size: Annotated[int, Meta(ge=0)] = msgspec.field(name="size")
    """Bytes of the whole dump."""
    chunk_size: Annotated[int, Meta(ge=0)] = msgspec.field(name="chunk")
    """Bytes of every chunk but the last, which is shorter unless the sizes divide."""
    crc: Annotated[int, Meta(ge=0, le=2**32 - 1)]
    """CRC-32 (IEEE 802.3) of `data`."""
    data: bytes
    """The bytes of the dump from `seq * chunk` on."""
    metadata: Metadata | None = msgspec.field(name="meta", default=None)
    """In chunk 0 only; elsewhere it is ignored."""

    @property
    def offset(self) -> int:
        """Where in the dump the bytes belong."""
        return self.sequence * self.chunk_size

    @property
    def count(self) -> int:
        """How many chunks the dump has."""
        return -(-self.total_size // self.chunk_size)


class _Head(msgspec.Struct):
    """What every version of the message has had and will have."""

    version: int = msgspec.field(name="v", default=-1)
    dump_id: bytes = msgspec.field(name="id", default=b"")


_decoder = msgspec.msgpack.Decoder(Chunk)
_head_decoder = msgspec.msgpack.Decoder(_Head)
_encoder = msgspec.msgpack.Encoder()


def decode_chunk(payload: bytes) -> Chunk:
    """Decode and check one chunk, strictly.

    Raises:
        UnknownVersion: `v` is not 1; nothing else of the message was looked at.
        ChunkTypeError: no MessagePack map, a missing field, or a field of the wrong type or length.
        ChunkBoundsError: sizes that are zero, too large, or contradict each other.
        ChunkChecksumError: `crc` is not the CRC-32 of `data`.
    """
    if len(payload) > MAX_MESSAGE_SIZE:
        raise ChunkBoundsError(f"message of {len(payload)} bytes; a chunk has at most {MAX_MESSAGE_SIZE}")
    try:
        chunk = _decoder.decode(payload)
    except MALFORMED as error:
        raise _explain(payload, error) from error
    if chunk.version != PROTOCOL_VERSION:
        raise UnknownVersion(f"protocol version {chunk.version}; this server speaks {PROTOCOL_VERSION}")
    _check_bounds(chunk)
    if crc32(chunk.data) != chunk.crc:
        raise ChunkChecksumError(
            f"chunk {chunk.sequence}: crc {chunk.crc:#010x} is not that of its {len(chunk.data)} bytes"
        )
    return chunk


def encode_chunk(chunk: Chunk) -> bytes:
    """The wire form of a chunk."""
    return _encoder.encode(chunk)


def dump_id_of(payload: bytes) -> bytes | None:
    """The dump id of a message that `decode_chunk` refused, if it can be made out: to tell its device why."""
    try:
        head = _head_decoder.decode(payload)
    except MALFORMED:
        return None
    return head.dump_id if 4 <= len(head.dump_id) <= 32 else None


def _explain(payload: bytes, error: Exception) -> ChunkError:
    """A message of another version may differ in every other field, so the version is named first."""
    try:
        head = _head_decoder.decode(payload)
    except MALFORMED:
        return ChunkTypeError(f"not a chunk: {error}")
    if head.version not in (PROTOCOL_VERSION, -1):
        return UnknownVersion(f"protocol version {head.version}; this server speaks {PROTOCOL_VERSION}")
    return ChunkTypeError(f"not a chunk: {error}")


def _check_bounds(chunk: Chunk) -> None:
    if not 1 <= chunk.total_size <= MAX_DUMP_SIZE:
        raise ChunkBoundsError(f"size {chunk.total_size} is not within 1..{MAX_DUMP_SIZE}")
    if not 1 <= chunk.chunk_size <= MAX_CHUNK_SIZE:
        raise ChunkBoundsError(f"chunk size {chunk.chunk_size} is not within 1..{MAX_CHUNK_SIZE}")
    if chunk.sequence >= chunk.count:
        raise ChunkBoundsError(f"chunk {chunk.sequence} of a dump that has {chunk.count}")
    expected = min(chunk.chunk_size, chunk.total_size - chunk.offset)
    if len(chunk.data) != expected:
        raise ChunkBoundsError(f"chunk {chunk.sequence} has {len(chunk.data)} bytes instead of {expected}")
