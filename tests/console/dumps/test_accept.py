import hashlib
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from console.dumps.accept import DifferentDump, accept, metadata_of, read_dump
from contract.chunk import Metadata
from contract.errors import InputError, LimitExceeded, MessageError
from contract.identity import event_id, partition_of
from contract.records import FIELD, Keys, decode_item
from runtime.settings import Settings
from runtime.store import FolderStore, dump_key

CONTENT = b"ZE" + bytes(1000)


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


@pytest.mark.services
async def test_a_dump_is_on_disk_and_waits_for_its_analysis(settings: Settings, redis: Redis) -> None:
    store = FolderStore(settings.store)
    metadata = Metadata(build_id=b"\xab" * 20, boot=7, sha256=hashlib.sha256(CONTENT).digest())
    item = await accept(CONTENT, metadata, device="d1", settings=settings, store=store, redis=redis)
    assert store.get(dump_key(item.sha256)) == CONTENT
    assert item.event_id == event_id("d1", hashlib.sha256(CONTENT).digest()[:16], len(CONTENT), "boot:7")
    stream = Keys(settings.key_prefix).dumps(partition_of("d1", settings.partitions))
    ((_, fields),) = await redis.xrange(stream)
    assert decode_item(fields[FIELD]) == item


@pytest.mark.services
async def test_what_is_not_what_was_sent_is_refused(settings: Settings, redis: Redis) -> None:
    store = FolderStore(settings.store)
    with pytest.raises(DifferentDump, match="again"):
        await accept(CONTENT, Metadata(sha256=bytes(32)), device="d1", settings=settings, store=store, redis=redis)
    with pytest.raises(MessageError, match="device id"):
        await accept(CONTENT, Metadata(), device="../d1", settings=settings, store=store, redis=redis)
    assert not settings.store.exists()


async def test_a_body_has_a_bound_and_is_not_empty() -> None:
    assert await read_dump(pieces(b"a", b"b"), most=2) == b"ab"
    with pytest.raises(LimitExceeded, match="FAULTCAST_MAX_DUMP_SIZE"):
        await read_dump(pieces(b"a", b"bc"), most=2)
    with pytest.raises(InputError, match="empty"):
        await read_dump(pieces(b""), most=2)


@pytest.mark.parametrize(
    "facts", [{"version": "x" * 129}, {"attributes": {"k" * 65: "v"}}, {"boot": -1}, {"build_id": bytes(65)}]
)
def test_metadata_is_held_against_the_bounds_of_the_protocol(facts: dict[str, object]) -> None:
    with pytest.raises(InputError, match="metadata"):
        metadata_of(facts)
