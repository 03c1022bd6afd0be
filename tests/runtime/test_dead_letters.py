"""Dead letters: kept with their reason, within bounds."""

import time

import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from contract.chunk import ChunkChecksumError
from contract.errors import FaultcastError, StreamsUnavailable
from contract.records import FIELD, Keys, decode_letter
from runtime.dead_letters import LARGEST_RECORD, bury, dead_letter, partition_in
from runtime.settings import Settings


def test_a_letter_says_what_happened_to_what_and_when() -> None:
    letter = dead_letter("ingest", ChunkChecksumError("chunk 7: wrong"), device="d1", record=b"record")
    assert (letter.stage, letter.code, letter.reason) == ("ingest", "message.checksum", "chunk 7: wrong")
    assert (letter.device, letter.record) == ("d1", b"record")
    assert abs(letter.at_ms - time.time() * 1000) < 60_000


def test_a_large_record_is_cut() -> None:
    letter = dead_letter("ingest", FaultcastError("x"), record=bytes(LARGEST_RECORD + 1))
    assert len(letter.record) == LARGEST_RECORD


@pytest.mark.services
async def test_a_buried_letter_is_in_the_stream_of_its_partition_and_counted(redis: Redis, settings: Settings) -> None:
    keys = Keys(settings.key_prefix)
    labels = {"stage": "test", "code": "internal"}
    before = REGISTRY.get_sample_value("faultcast_dead_letters_total", labels) or 0
    letter = dead_letter("test", FaultcastError("because"), record=b"\x00\xff")
    await bury(redis, keys, 1, letter)
    ((_, fields),) = await redis.xrange(keys.dead(1))
    assert decode_letter(fields[FIELD]) == letter
    assert await redis.xlen(keys.dead(0)) == 0
    assert REGISTRY.get_sample_value("faultcast_dead_letters_total", labels) == before + 1


@pytest.mark.services
async def test_a_letter_that_cannot_be_buried_is_said_so_and_not_counted(redis: Redis, settings: Settings) -> None:
    keys = Keys(settings.key_prefix)
    labels = {"stage": "test", "code": "internal"}
    before = REGISTRY.get_sample_value("faultcast_dead_letters_total", labels)
    await redis.set(keys.dead(0), "no stream")
    with pytest.raises(StreamsUnavailable):
        await bury(redis, keys, 0, dead_letter("test", FaultcastError("because")))
    assert REGISTRY.get_sample_value("faultcast_dead_letters_total", labels) == before


@pytest.mark.parametrize("partition", [0, 7, 1023])
def test_the_partition_is_read_from_the_name_of_any_of_its_streams(partition: int) -> None:
    keys = Keys("acme:faultcast")
    for stream in (keys.chunks(partition), keys.dumps(partition), keys.dead(partition)):
        assert partition_in(stream) == partition
