import pytest
from redis.asyncio import Redis

from console.operations.lag import Rate, Sample, StreamLag, rates, take_sample
from contract.records import FIELD, Keys
from runtime.settings import Settings


def lag(entries: int, added: int, partition: int = 0, stage: str = "analyzer") -> StreamLag:
    return StreamLag(stage, partition, entries, 0, added, None)


def test_rates_are_of_what_came_and_of_what_went() -> None:
    before = Sample(10.0, (lag(5, 100), lag(0, 10, 1)), ())
    after = Sample(12.0, (lag(3, 110), lag(4, 14, 1)), ())
    assert rates(before, after)["analyzer"] == Rate(arriving=7.0, finished=6.0)
    assert rates(before, after)["reassembler"] == Rate(0.0, 0.0)


def test_a_stream_that_was_made_anew_counts_for_nothing() -> None:
    assert rates(Sample(1, (lag(5, 100),), ()), Sample(2, (lag(1, 1),), ()))["analyzer"] == Rate(0.0, 0.0)
    assert rates(Sample(1, (), ()), Sample(1, (), ())) == {}


@pytest.mark.services
async def test_streams_and_workers_are_seen_as_they_are(redis: Redis, settings: Settings) -> None:
    keys = Keys(settings.key_prefix)
    assert (await take_sample(redis, keys, 2)).lags == ()
    for partition in range(2):
        for _ in range(3):
            await redis.xadd(keys.dumps(partition), {FIELD: b"x"})
        await redis.xgroup_create(keys.dumps(partition), "analyzer", id="0")
        await redis.xreadgroup("analyzer", "analyzer-1", {keys.dumps(partition): ">"}, count=2)
    sample = await take_sample(redis, keys, 2)
    assert [(each.stage, each.partition, each.entries, each.pending, each.added) for each in sample.lags] == [
        ("analyzer", 0, 3, 2, 3),
        ("analyzer", 1, 3, 2, 3),
    ]
    assert all(each.oldest_ms for each in sample.lags)
    (worker,) = sample.workers
    assert (worker.stage, worker.name, worker.pending) == ("analyzer", "analyzer-1", 4)
    assert worker.idle_ms < 10_000
