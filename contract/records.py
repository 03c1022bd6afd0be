"""What lies in the Redis streams, and the names of every key.

P partitions; a device belongs to one for good (`contract.identity.partition_of`). All keys of a partition carry the
hash tag `{p}`, so a partition lives in one slot and a cluster can spread them.

| key | type | what |
| --- | --- | --- |
| `{prefix}:{p}:chunks` | stream | batches of chunks, `ChunkBatch` |
| `{prefix}:{p}:dumps` | stream | whole dumps that wait for analysis, `DumpItem` |
| `{prefix}:{p}:dead` | stream | what could not be processed, `DeadLetter`; never trimmed |
| `{prefix}:{p}:refused` | stream | the last messages that were no chunks, `DeadLetter`; a ring of bounded length |
| `{prefix}:{p}:deadlines` | sorted set | open assemblies by the time they are given up, in ms |
| `{prefix}:{p}:a:{device}:{dump id}:{size}:{chunk size}` | hash | one assembly: its header |
| `…:bytes`, `…:held` | string | its bytes at their offsets, its bitmap of chunks |
| `{prefix}:{p}:reserved` | integer | bytes that the open assemblies will need when they are whole |
| `{prefix}:{p}:o:{device}` | set | the open assemblies of a device |
| `{prefix}:{p}:d:{device}:{dump id}:{size}` | hash | occurrence to verdict: what was finished already |
| `{prefix}:events` | stream | crash events, field `event` is the CloudEvents JSON |
| `{prefix}:waiting:{build id}` | hash | dumps that wait for this firmware: event id to `DumpItem` |
"""

from typing import TypeVar

import msgspec

from contract.chunk import Metadata
from contract.errors import MessageError
from contract.identity import Sha256
from contract.malformed import MALFORMED

T = TypeVar("T")

FIELD = b"r"
"""The one field of a stream entry; its value is the MessagePack of the record."""


class RecordError(MessageError):
    """A stream entry that is not the record it should be."""

    code = "message.record"


class ReceivedChunk(msgspec.Struct, frozen=True, array_like=True):
    """A chunk as it came off the broker: already checked, still encoded."""

    device: str
    payload: bytes
    received_ms: int
    """Unix time in milliseconds."""


class ChunkBatch(msgspec.Struct, frozen=True, array_like=True):
    """Chunks of one partition that arrived together: one stream entry, as a log's record batch is."""

    chunks: list[ReceivedChunk]


class DumpItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A dump in the store that waits for its analysis."""

    event_id: str
    device: str
    sha256: Sha256
    """Name of the dump in the store."""
    size: int
    dump_id: bytes
    occurrence: str = ""
    metadata: Metadata = Metadata()
    linked: str = ""
    """Build id (hexadecimal) of the firmware that a person chose for this dump; empty where nobody did."""
    missing: list[tuple[int, int]] = []
    """Byte ranges `[start, end)` that never arrived and are zero in the store; empty for a whole dump."""
    first_received_ms: int = 0
    last_received_ms: int = 0
    chunks: int = 0
    duplicates: int = 0
    conflicts: int = 0
    """Chunks that came again with other bytes; the first ones were kept."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that could not be processed, kept with its reason until a person decides."""

    stage: str
    code: str
    """Code of the error, see `contract.errors`."""
    reason: str
    at_ms: int
    device: str = ""
    record: bytes = b""
    """The entry as it was, cut to what the limits allow."""


_encoder = msgspec.msgpack.Encoder()
_batch = msgspec.msgpack.Decoder(ChunkBatch)
_item = msgspec.msgpack.Decoder(DumpItem)
_letter = msgspec.msgpack.Decoder(DeadLetter)


def encode_record(record: ChunkBatch | DumpItem | DeadLetter) -> bytes:
    """The stream form of a record."""
    return _encoder.encode(record)


def decode_batch(value: bytes) -> ChunkBatch:
    """Decode the value of a `chunks` entry; raises `RecordError`."""
    return _decode(_batch, value)


def decode_item(value: bytes) -> DumpItem:
    """Decode the value of a `dumps` entry; raises `RecordError`."""
    return _decode(_item, value)


def decode_letter(value: bytes) -> DeadLetter:
    """Decode the value of a `dead` entry; raises `RecordError`."""
    return _decode(_letter, value)


def _decode(decoder: msgspec.msgpack.Decoder[T], value: bytes) -> T:
    try:
        return decoder.decode(value)
    except MALFORMED as error:
        raise RecordError(f"stream entry is not a {decoder.type.__name__}: {error}") from error


class Keys:
    """Names of the Redis keys of one installation."""

    def __init__(self, prefix: str = "faultcast") -> None:
        """`prefix` separates installations that share a server."""
        self.prefix = prefix
        self.events = f"{prefix}:events"

    def chunks(self, partition: int) -> str:
        """The stream of chunk batches."""
        return f"{self.prefix}:{{{partition}}}:chunks"

    def dumps(self, partition: int) -> str:
        """The stream of dumps that wait for analysis."""
        return f"{self.prefix}:{{{partition}}}:dumps"

    def dead(self, partition: int) -> str:
        """The stream of dead letters."""
        return f"{self.prefix}:{{{partition}}}:dead"

    def refused(self, partition: int) -> str:
        """The ring of refused messages."""
        return f"{self.prefix}:{{{partition}}}:refused"

    def reserved(self, partition: int) -> str:
        """Bytes that open assemblies will need."""
        return f"{self.prefix}:{{{partition}}}:reserved"

    def open(self, partition: int, device: str) -> str:
        """The set of a device's open assemblies."""
        return f"{self.prefix}:{{{partition}}}:o:{device}"

    def deadlines(self, partition: int) -> str:
        """The sorted set of assemblies by deadline."""
        return f"{self.prefix}:{{{partition}}}:deadlines"

    def assembly(self, partition: int, device: str, dump_id: bytes, total_size: int, chunk_size: int) -> str:
        """The header of an assembly; its bytes and bitmap hang below it."""
        return f"{self.prefix}:{{{partition}}}:a:{device}:{dump_id.hex()}:{total_size}:{chunk_size}"

    def done(self, partition: int, device: str, dump_id: bytes, total_size: int) -> str:
        """What has been finished of a dump, by occurrence."""
        return f"{self.prefix}:{{{partition}}}:d:{device}:{dump_id.hex()}:{total_size}"

    def waiting(self, build_id: str) -> str:
        """Dumps that wait for the firmware of this build id (hex)."""
        return f"{self.prefix}:waiting:{build_id}"
