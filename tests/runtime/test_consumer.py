"""The consumer loop on a real Redis: nothing is lost, whatever dies, and no entry stands in the way of another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from support.services import Service, local_redis

from contract.errors import FaultcastError, InputError, StoreUnavailable, StreamsUnavailable
from contract.records import FIELD, Keys, decode_letter
from runtime.consumer import Consumer, Entry
from runtime.dead_letters import bury, dead_letter, partition_in
from runtime.settings import Settings
from runtime.streams import connect_streams, stream_errors

pytestmark = pytest.mark.services

GROUP = "g"


class Bench:
    """Streams, a handler that notes what it dealt with, and the dead letters."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self.settings, self.redis, self.keys = settings, redis, Keys(settings.key_prefix)
        self.streams = [self.keys.chunks(partition) for partition in range(settings.partitions)]
        self.handled: list[bytes] = []
        self.batches: list[int] = []
        self.seen: list[bytes] = []
        self.given_up: list[tuple[bytes, str, str]] = []
        self.errors: dict[bytes, list[Exception]] = {}
        """Errors to raise for an entry, one a try; the last one is raised for good when it is there twice."""

    def consumer(self, name: str = "w1", **changes: float) -> Consumer:
        settings = self.settings.model_copy(update=changes)
        return Consumer(
            connect_streams(settings),
            self.streams,
            group=GROUP,
            name=name,
            count=4,
            claim_idle_seconds=settings.claim_idle_seconds,
            max_deliveries=settings.max_deliveries,
        )

    async def handle(self, stream: str, entries: Sequence[Entry]) -> None:
        self.batches.append(len(entries))
        for entry in entries:
            assert entry.stream == stream
            self.seen.append(entry.value)
            if self.errors.get(entry.value):
                raise self.errors[entry.value].pop(0)
        self.handled += [entry.value for entry in entries]

    async def give_up(self, entry: Entry, error: FaultcastError) -> None:
        self.given_up.append((entry.value, error.code, str(error)))
        await bury(self.redis, self.keys, partition_in(entry.stream), dead_letter("test", error, record=entry.value))

    async def add(self, *values: bytes, partition: int = 0) -> None:
        for value in values:
            await self.redis.xadd(self.streams[partition], {FIELD: value})

    async def left(self) -> int:
        return sum([await self.redis.xlen(stream) for stream in self.streams])

    async def pending(self) -> int:
        return sum([(await self.redis.xpending(stream, GROUP))["pending"] for stream in self.streams])

    @asynccontextmanager
    async def running(self, consumer: Consumer) -> AsyncIterator[asyncio.Event]:
        stop = asyncio.Event()
        task = asyncio.create_task(consumer.run(self.handle, self.give_up, stop))
        try:
            yield stop
            assert not task.done(), "a consumer runs until it is stopped"
        finally:
            stop.set()
            await asyncio.wait_for(task, 10)
            await consumer._redis.aclose()


@pytest.fixture
def bench(settings: Settings, redis: Redis) -> Bench:
    return Bench(settings, redis)


async def until(check: Callable[[], Awaitable[bool]], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not await check():
            await asyncio.sleep(0.02)


async def emptied(bench: Bench) -> None:
    async def nothing_left() -> bool:
        return not await bench.left() and not await bench.pending()

    await until(nothing_left)


async def killed(bench: Bench, consumer: Consumer, handle: Callable[[str, Sequence[Entry]], Awaitable[None]]) -> None:
    """Run a consumer whose process dies in its handler: cancelled, without draining or acknowledging."""
    reached = asyncio.Event()

    async def reach(stream: str, entries: Sequence[Entry]) -> None:
        await handle(stream, entries)
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(consumer.run(reach, bench.give_up, asyncio.Event()))
    await asyncio.wait_for(reached.wait(), 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await consumer._redis.aclose()


async def nothing(_stream: str, _entries: Sequence[Entry]) -> None: ...


async def test_entries_of_every_stream_are_handled_in_order_acknowledged_and_deleted(bench: Bench) -> None:
    first, second = [b"a%d" % n for n in range(10)], [b"b%d" % n for n in range(10)]
    await bench.add(*first)
    await bench.add(*second, partition=1)
    async with bench.running(bench.consumer()):
        await emptied(bench)
    assert [value for value in bench.handled if value in first] == first
    assert [value for value in bench.handled if value in second] == second
    assert max(bench.batches) == 4


async def test_an_entry_without_a_record_is_handed_over_empty(bench: Bench) -> None:
    await bench.redis.xadd(bench.streams[0], {b"other": b"1"})
    async with bench.running(bench.consumer()):
        await emptied(bench)
    assert bench.handled == [b""]


async def test_what_a_killed_worker_had_taken_comes_again_in_its_next_life(bench: Bench) -> None:
    await bench.add(b"1", b"2", b"3")
    await killed(bench, bench.consumer("w1"), nothing)
    assert await bench.pending() == 3
    async with bench.running(bench.consumer("w1", claim_idle_seconds=600)):
        await emptied(bench)
    assert bench.handled == [b"1", b"2", b"3"]


async def test_what_a_dead_worker_had_taken_is_taken_over_by_another_one(bench: Bench) -> None:
    await bench.add(*(b"%d" % n for n in range(4)))
    await killed(bench, bench.consumer("w1"), nothing)
    await bench.add(b"new")
    async with bench.running(bench.consumer("w2")):
        await asyncio.sleep(0.3)
        assert bench.handled == [b"new"]  # the others may be under way still
        await emptied(bench)
    assert sorted(bench.handled) == [b"0", b"1", b"2", b"3", b"new"]


async def test_a_worker_killed_after_its_work_and_before_the_acknowledgement_costs_a_repetition(bench: Bench) -> None:
    await bench.add(b"1")
    await killed(bench, bench.consumer("w1"), bench.handle)
    async with bench.running(bench.consumer("w1")):
        await emptied(bench)
    assert bench.handled == [b"1", b"1"]


async def test_a_poison_entry_goes_to_the_dead_letters_and_its_neighbours_go_on(bench: Bench) -> None:
    bench.errors[b"bad"] = [InputError("cannot be used")] * 2
    await bench.add(b"1", b"bad", b"2", b"3")
    async with bench.running(bench.consumer()):
        await emptied(bench)
    assert sorted(bench.handled) == [b"1", b"2", b"3"]
    (entry,) = await bench.redis.xrange(bench.keys.dead(0))
    letter = decode_letter(entry[1][FIELD])
    assert (letter.stage, letter.code, letter.reason, letter.record) == ("test", "input", "cannot be used", b"bad")


async def test_an_unexpected_error_is_tried_again_and_may_pass(bench: Bench) -> None:
    bench.errors[b"odd"] = [RuntimeError("once"), RuntimeError("twice")]
    await bench.add(b"odd", b"1")
    async with bench.running(bench.consumer(claim_idle_seconds=0.2)):
        await emptied(bench)
    assert sorted(bench.handled) == [b"1", b"odd"]
    assert bench.given_up == []


async def test_an_unexpected_error_that_stays_is_given_up_after_its_tries(bench: Bench) -> None:
    bench.errors[b"odd"] = [ZeroDivisionError("by zero")] * 99
    await bench.add(b"1", b"odd", b"2")
    async with bench.running(bench.consumer(claim_idle_seconds=0.1, max_deliveries=3)):
        await emptied(bench)
    assert sorted(bench.handled) == [b"1", b"2"]
    assert bench.given_up == [(b"odd", "internal", "ZeroDivisionError: by zero")]
    assert bench.seen.count(b"odd") == 1 + 3  # with its neighbours, then alone in each of three deliveries


async def test_an_entry_that_kills_every_worker_is_given_up_in_the_end(bench: Bench) -> None:
    """The tries are counted by Redis, so they outlive the workers."""
    bench.errors[b"odd"] = [RuntimeError("again")] * 99
    await bench.add(b"odd")
    for _ in range(4):
        await killed(bench, bench.consumer("w1"), nothing)
    async with bench.running(bench.consumer("w1", max_deliveries=5)):
        await emptied(bench)
    assert [code for _, code, _ in bench.given_up] == ["internal"]
    assert bench.seen.count(b"odd") == 1


async def test_a_dependency_that_is_away_costs_nothing_but_time(bench: Bench) -> None:
    bench.errors[b"1"] = [StoreUnavailable("disk full")] * 3
    await bench.add(b"1", b"2")
    async with bench.running(bench.consumer(max_deliveries=1)):
        await emptied(bench)
    assert sorted(bench.handled) == [b"1", b"2"]
    assert bench.given_up == []


async def test_a_dead_letter_that_cannot_be_written_is_no_reason_to_drop_the_entry(bench: Bench) -> None:
    tries = 0

    async def give_up(entry: Entry, error: FaultcastError) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise StreamsUnavailable("away")
        await bench.give_up(entry, error)

    bench.errors[b"bad"] = [InputError("bad")] * 99
    await bench.add(b"bad")
    consumer, stop = bench.consumer(), asyncio.Event()
    task = asyncio.create_task(consumer.run(bench.handle, give_up, stop))
    await emptied(bench)
    stop.set()
    await task
    await consumer._redis.aclose()
    assert len(bench.given_up) == 1


async def test_a_stop_lets_the_work_in_hand_be_finished(bench: Bench) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(stream: str, entries: Sequence[Entry]) -> None:
        entered.set()
        await go_on.wait()
        await bench.handle(stream, entries)

    await bench.add(b"1", b"2")
    consumer, stop = bench.consumer(), asyncio.Event()
    task = asyncio.create_task(consumer.run(slowly, bench.give_up, stop))
    await entered.wait()
    stop.set()
    await bench.add(b"later")
    await asyncio.sleep(0.1)
    assert not task.done()
    go_on.set()
    await asyncio.wait_for(task, 5)
    await consumer._redis.aclose()
    assert bench.handled == [b"1", b"2"]
    assert await bench.pending() == 0
    assert await bench.left() == 1


async def test_a_stop_ends_the_wait_for_a_dependency(bench: Bench) -> None:
    bench.errors[b"1"] = [StoreUnavailable("disk full")] * 99
    await bench.add(b"1")
    async with bench.running(bench.consumer()):
        await asyncio.sleep(1.5)  # several tries, and a pause of a second or more by now
        stopped = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - stopped < 0.5
    assert await bench.pending() == 1


async def test_an_entry_that_somebody_deleted_is_forgotten(bench: Bench) -> None:
    await bench.add(b"1", b"2")
    await killed(bench, bench.consumer("w1"), nothing)
    ((first, _), _) = await bench.redis.xrange(bench.streams[0])
    await bench.redis.xdel(bench.streams[0], first)
    async with bench.running(bench.consumer("w2")):
        await emptied(bench)
    assert bench.handled == [b"2"]


async def test_two_workers_share_and_no_entry_is_handled_twice(bench: Bench) -> None:
    values = [b"%d" % n for n in range(100)]
    async with bench.running(bench.consumer("w1")), bench.running(bench.consumer("w2")):
        await bench.add(*values)
        await emptied(bench)
    assert sorted(bench.handled) == sorted(values)


async def test_a_group_that_exists_keeps_its_position(bench: Bench) -> None:
    consumer = bench.consumer()
    await consumer.create_groups()
    await bench.add(b"1")
    async with bench.running(consumer):
        await emptied(bench)
        await consumer.create_groups()
        await bench.add(b"2")
        await emptied(bench)
    assert bench.handled == [b"1", b"2"]


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Service]:
    server = local_redis(tmp_path)
    yield server
    server.kill()


async def come_back(server: Service, redis: Redis) -> None:
    """Start a killed Redis, and wait until it has read what it kept."""
    await asyncio.to_thread(server.start)

    async def loaded() -> bool:
        try:
            return bool(await redis.ping())
        except RedisError:
            return False

    await until(loaded)


def of(server: Service, settings: Settings) -> Settings:
    return settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{server.port}/0"})


async def test_a_redis_that_dies_and_returns_costs_nothing_but_time(settings: Settings, own_redis: Service) -> None:
    settings = of(own_redis, settings)
    redis = connect_streams(settings)
    bench = Bench(settings, redis)
    async with bench.running(bench.consumer()):
        await bench.add(b"1")
        await emptied(bench)
        own_redis.kill()
        await asyncio.sleep(0.5)
        await come_back(own_redis, redis)
        await bench.add(b"2")
        await emptied(bench)
    assert bench.handled == [b"1", b"2"]
    await redis.aclose()


async def test_a_redis_that_dies_while_the_work_is_done_brings_it_again(settings: Settings, own_redis: Service) -> None:
    settings = of(own_redis, settings)
    redis = connect_streams(settings)
    bench = Bench(settings, redis)
    deaths = 0

    async def die_once(stream: str, entries: Sequence[Entry]) -> None:
        nonlocal deaths
        if not deaths:
            deaths += 1
            own_redis.kill()
        await bench.handle(stream, entries)

    await bench.add(b"1")
    consumer, stop = bench.consumer(), asyncio.Event()
    task = asyncio.create_task(consumer.run(die_once, bench.give_up, stop))
    await asyncio.sleep(0.5)
    assert bench.handled == [b"1"]  # done, and not acknowledged
    await come_back(own_redis, redis)
    await emptied(bench)
    stop.set()
    await task
    assert bench.handled == [b"1", b"1"]
    await consumer._redis.aclose()
    await redis.aclose()


async def test_a_redis_that_returns_empty_gets_its_groups_again(settings: Settings, own_redis: Service) -> None:
    settings = of(own_redis, settings)
    redis = connect_streams(settings)
    bench = Bench(settings, redis)
    async with bench.running(bench.consumer()):
        await bench.add(b"1")
        await emptied(bench)
        await redis.flushall()
        await bench.add(b"2")
        await emptied(bench)
    assert bench.handled == [b"1", b"2"]
    await redis.aclose()


@pytest.fixture
def full_redis(tmp_path: Path) -> Iterator[Service]:
    server = local_redis(tmp_path, "--maxmemory", "3mb", "--maxmemory-policy", "noeviction")
    yield server
    server.kill()


async def test_a_full_redis_is_emptied_and_not_waited_for(settings: Settings, full_redis: Service) -> None:
    """What frees memory must work where there is none: else a full Redis stays full for ever."""
    settings = of(full_redis, settings)
    redis = connect_streams(settings)
    bench = Bench(settings, redis)
    consumer = bench.consumer()
    await consumer.create_groups()
    with pytest.raises(StreamsUnavailable, match="out of memory"), stream_errors():
        await bench.add(*[bytes(20_000)] * 1000)
    await redis.config_set("maxmemory", "2mb")  # over it for certain, and not just at it
    async with bench.running(consumer):
        await emptied(bench)
        await bench.add(b"room again")
        await emptied(bench)
    assert bench.handled[-1] == b"room again"
    await redis.aclose()
