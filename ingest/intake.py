"""The rule of intake: which messages become stream records, and which are refused. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from contract.ack import Ack
from contract.chunk import decode_chunk, dump_id_of
from contract.errors import MessageError
from contract.identity import partition_of
from contract.records import ChunkBatch, ReceivedChunk
from contract.topics import Topics

MAX_BATCH_BYTES = 256 * 1024
"""Payload bytes of one stream entry; a batch that would be larger becomes several. Readers take a few entries at a
time, and what they take fills buffers of Redis on its way."""


@dataclass(frozen=True, slots=True)
class Message:
    """What the broker delivered."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that is no chunk: the reason, and the answer to its device where one can be given."""

    error: MessageError
    device: str
    payload: bytes
    ack: Ack | None


@dataclass(frozen=True, slots=True)
class Intake:
    """What becomes of a batch of messages."""

    batches: list[tuple[int, ChunkBatch]] = field(default_factory=list[tuple[int, ChunkBatch]])
    """Partition and record, in the order of arrival within each partition."""
    refusals: list[Refusal] = field(default_factory=list[Refusal])


def take_in(messages: Sequence[Message], topics: Topics, partitions: int, now_ms: int) -> Intake:
    """Check every message and sort the good ones into records, one or more for each partition that occurs."""
    intake = Intake()
    by_partition: dict[int, list[ReceivedChunk]] = {}
    for message in messages:
        device = ""
        try:
            device = topics.device_of(message.topic)
            decode_chunk(message.payload)
        except MessageError as error:
            intake.refusals.append(Refusal(error, device, message.payload, _answer(error, device, message.payload)))
            continue
        chunk = ReceivedChunk(device, message.payload, now_ms)
        by_partition.setdefault(partition_of(device, partitions), []).append(chunk)
    for partition, chunks in by_partition.items():
        intake.batches.extend((partition, batch) for batch in _split(chunks))
    return intake


def _split(chunks: list[ReceivedChunk]) -> list[ChunkBatch]:
    batches: list[ChunkBatch] = []
    current: list[ReceivedChunk] = []
    size = 0
    for chunk in chunks:
        if current and size + len(chunk.payload) > MAX_BATCH_BYTES:
            batches.append(ChunkBatch(current))
            current, size = [], 0
        current.append(chunk)
        size += len(chunk.payload)
    batches.append(ChunkBatch(current))
    return batches


def _answer(error: MessageError, device: str, payload: bytes) -> Ack | None:
    """A device that keeps sending what cannot be read is told so, if its message names a dump at all.

    A wrong checksum is the exception: the same chunk may arrive whole the next time, so the device is left to resend.
    """
    dump_id = dump_id_of(payload) if device else None
    if dump_id is None or error.code == "message.checksum":
        return None
    return Ack(dump_id=dump_id, state="rejected", reason=f"{error.code}: {error}"[:256])
