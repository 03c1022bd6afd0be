"""A whole dump, taken in one piece: into the store, then into the stream of work, then acknowledged."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterable

import msgspec
from redis.asyncio import Redis

from contract.chunk import Metadata
from contract.errors import InputError, LimitExceeded
from contract.identity import event_id, partition_of
from contract.records import FIELD, DumpItem, Keys, encode_record
from contract.topics import check_device_id
from runtime.settings import Settings
from runtime.store import Store, dump_key
from runtime.streams import stream_errors


class DifferentDump(InputError):
    """What arrived is not what was sent."""

    code = "checksum-mismatch"


async def read_dump(pieces: AsyncIterable[bytes], *, most: int) -> bytes:
    """The body of a request.

    Raises:
        InputError: it is empty.
        LimitExceeded: there are more than `most` bytes.
    """
    content = bytearray()
    async for piece in pieces:
        content += piece
        if len(content) > most:
            raise LimitExceeded(f"the dump has more than {most} bytes (FAULTCAST_MAX_DUMP_SIZE)")
    if not content:
        raise InputError("the body is empty: send the dump itself as the body of the request")
    return bytes(content)


def metadata_of(facts: dict[str, object]) -> Metadata:
    """What was said of a dump; raises `InputError` for what a device could not have said."""
    try:
        return msgspec.convert(facts, Metadata, strict=True)
    except msgspec.ValidationError as error:
        raise InputError(f"the dump's metadata cannot be used: {error}") from error


async def accept(
    content: bytes, metadata: Metadata, *, device: str, settings: Settings, store: Store, redis: Redis
) -> DumpItem:
    """Take a dump; on return it is durable and waits for its analysis.

    The same dump of the same boot is the same crash, however often it is sent, and whether it came over MQTT before.

    Raises:
        MessageError: the device id is none.
        DifferentDump: the metadata names another checksum.
        StoreUnavailable, StreamsUnavailable: it was not taken; send it again.
    """
    check_device_id(device)
    digest = await asyncio.to_thread(hashlib.sha256, content)
    if metadata.sha256 is not None and metadata.sha256 != digest.digest():
        raise DifferentDump("these are not the bytes whose SHA-256 was given: send the dump again")
    dump_id, now_ms = digest.digest()[:16], time.time_ns() // 1_000_000
    await asyncio.to_thread(store.put, dump_key(digest.hexdigest()), content)
    item = DumpItem(
        event_id=event_id(device, dump_id, len(content), metadata.occurrence),
        device=device,
        sha256=digest.hexdigest(),
        size=len(content),
        dump_id=dump_id,
        occurrence=metadata.occurrence,
        metadata=metadata,
        first_received_ms=now_ms,
        last_received_ms=now_ms,
    )
    with stream_errors():
        stream = Keys(settings.key_prefix).dumps(partition_of(device, settings.partitions))
        await redis.xadd(stream, {FIELD: encode_record(item)})
    return item
