import asyncio

import pytest
from redis.asyncio import Redis

from console.operations.dead_letters import count_dead_letters, dead_letters, discard, retry
from console.web.errors import Conflict, NotFound
from contract.errors import FaultcastError
from contract.records import FIELD, DumpItem, Keys, decode_item, encode_record
from runtime.dead_letters import LARGEST_RECORD, bury, dead_letter
from runtime.settings import Settings

pytestmark = pytest.mark.services

ITEM = DumpItem(event_id="e1", device="d1", sha256="ab" * 32, size=1, dump_id=b"x")


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return Keys(settings.key_prefix)


async def test_the_newest_letters_of_all_partitions_come_first(redis: Redis, keys: Keys) -> None:
    for number in range(3):
        letter = dead_letter("analyzer", FaultcastError(f"reason {number}"), device="d1", record=encode_record(ITEM))
        await bury(redis, keys, number % 2, letter)
        await asyncio.sleep(0.002)
    await redis.xadd(keys.dead(0), {"other": "entry"})
    found = await dead_letters(redis, keys, 2)
    assert [each.letter.reason for each in found] == ["reason 2", "reason 1", "reason 0"]
    assert all(each.is_retryable for each in found)
    assert len(await dead_letters(redis, keys, 2, limit=2)) == 2
    assert await count_dead_letters(redis, keys, 2) == 4


async def test_work_goes_back_to_its_stream_once(redis: Redis, keys: Keys) -> None:
    await bury(redis, keys, 1, dead_letter("analyzer", FaultcastError("x"), record=encode_record(ITEM)))
    (found,) = await dead_letters(redis, keys, 2)
    outcomes = await asyncio.gather(
        *(retry(redis, keys, found.partition, found.id) for _ in range(5)), return_exceptions=True
    )
    assert sum(not isinstance(each, BaseException) for each in outcomes) == 1
    assert all(isinstance(each, NotFound) for each in outcomes if isinstance(each, BaseException))
    ((_, fields),) = await redis.xrange(keys.dumps(1))
    assert decode_item(fields[FIELD]) == ITEM
    assert await count_dead_letters(redis, keys, 2) == 0


@pytest.mark.parametrize(
    ("stage", "record"),
    [
        ("reassembler", b"ab" * 32),
        ("analyzer", b""),
        ("analyzer", encode_record(ITEM) + bytes(LARGEST_RECORD)),
        ("ingest", encode_record(ITEM)),
    ],
)
async def test_what_is_not_the_work_itself_is_kept_until_it_is_discarded(
    redis: Redis, keys: Keys, stage: str, record: bytes
) -> None:
    await bury(redis, keys, 0, dead_letter(stage, FaultcastError("x"), record=record))
    (found,) = await dead_letters(redis, keys, 2)
    assert not found.is_retryable
    with pytest.raises(Conflict, match="discarded"):
        await retry(redis, keys, 0, found.id)
    await discard(redis, keys, 0, found.id)
    assert await dead_letters(redis, keys, 2) == []
    with pytest.raises(NotFound):
        await discard(redis, keys, 0, found.id)
