"""Ingest against a real Mosquitto and a real Redis: nothing is acknowledged before it is written."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from zlib import crc32

import aiomqtt
import pytest
from redis.asyncio import Redis
from support.services import local_redis

from contract.ack import decode_ack
from contract.chunk import Chunk, encode_chunk
from contract.records import FIELD, Keys, decode_batch
from ingest.worker import IngestWorker
from runtime.mqtt import broker_connection
from runtime.settings import Settings
from runtime.streams import connect_streams

pytestmark = pytest.mark.services


def chunk(sequence: int, total: int = 100) -> bytes:
    data = sequence.to_bytes(4, "big") * 16
    made = Chunk(
        version=1,
        dump_id=b"dump",
        sequence=sequence,
        total_size=total * 64,
        chunk_size=64,
        crc=crc32(data),
        data=data,
    )
    return encode_chunk(made)


@asynccontextmanager
async def ingest(settings: Settings) -> AsyncIterator[asyncio.Event]:
    redis, stop = connect_streams(settings), asyncio.Event()
    task = asyncio.create_task(IngestWorker(settings, redis).run(stop))
    await asyncio.sleep(0.3)  # the subscription
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)
        await redis.aclose()


async def publish(settings: Settings, payloads: list[bytes], device: str = "d1") -> None:
    async with broker_connection(settings, f"dev-{device}") as client:
        for payload in payloads:
            await client.publish(
                settings.topics.dump(device),
                payload,
                qos=aiomqtt.QoS.AT_LEAST_ONCE,
                packet_id=next(client.packet_ids),
            )


async def written(redis: Redis, settings: Settings) -> list[bytes]:
    keys = Keys(settings.key_prefix)
    return [
        received.payload
        for partition in range(settings.partitions)
        for _, fields in await redis.xrange(keys.chunks(partition))
        for received in decode_batch(fields[FIELD]).chunks
    ]


async def until(check: Callable[[], Awaitable[bool]], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not await check():
            await asyncio.sleep(0.05)


async def test_every_chunk_reaches_the_stream_of_its_partition(settings: Settings, redis: Redis) -> None:
    sent = [chunk(n) for n in range(100)]
    async with ingest(settings):
        await publish(settings, sent)

        async def all_there() -> bool:
            return len(await written(redis, settings)) >= 100

        await until(all_there)
    assert await written(redis, settings) == sent


async def test_nothing_is_lost_when_redis_dies_and_comes_back(settings: Settings, tmp_path: Path) -> None:
    server = local_redis(tmp_path)
    settings = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{server.port}/0"})
    sent = [chunk(n) for n in range(60)]
    async with ingest(settings):
        await publish(settings, sent[:20])
        server.kill()
        await publish(settings, sent[20:])
        await asyncio.sleep(1)
        await asyncio.to_thread(server.start)
        redis = connect_streams(settings)

        async def all_there() -> bool:
            return set(await written(redis, settings)) == set(sent)

        await until(all_there)
        await redis.aclose()
    server.kill()


async def test_a_stopped_worker_leaves_its_share_to_the_others(settings: Settings, redis: Redis) -> None:
    sent = [chunk(n) for n in range(30)]
    async with ingest(settings.model_copy(update={"worker": "other"})):
        async with ingest(settings):
            pass
        await publish(settings, sent)

        async def all_there() -> bool:
            return len(await written(redis, settings)) >= 30

        await until(all_there)
    assert set(await written(redis, settings)) == set(sent)


async def test_a_killed_workers_messages_come_to_its_next_life(settings: Settings, redis: Redis) -> None:
    streams, stop = connect_streams(settings), asyncio.Event()
    task = asyncio.create_task(IngestWorker(settings, streams).run(stop))
    await asyncio.sleep(0.3)
    task.cancel()  # no unsubscribe, no drain
    await asyncio.gather(task, return_exceptions=True)
    sent = [chunk(n) for n in range(50)]
    await publish(settings, sent)
    async with ingest(settings):

        async def all_there() -> bool:
            return len(await written(redis, settings)) >= 50

        await until(all_there)
    assert set(await written(redis, settings)) == set(sent)
    await streams.aclose()


async def test_a_message_that_is_no_chunk_is_kept_answered_and_stops_nothing(settings: Settings, redis: Redis) -> None:
    async with ingest(settings), broker_connection(settings, "listener") as listener:
        await listener.subscribe(settings.topics.ack("d1"), max_qos=aiomqtt.QoS.AT_LEAST_ONCE)
        await publish(settings, [b"\x82\xa1v\x02\xa2id\xc4\x04dump", b"garbage", chunk(0)])
        message = await asyncio.wait_for(anext(aiter(listener.messages())), 5)

        async def there() -> bool:
            return len(await written(redis, settings)) == 1

        await until(there)
    assert isinstance(message, aiomqtt.PublishPacket)
    ack = decode_ack(message.payload)
    assert ack.state == "rejected"
    assert ack.reason.startswith("message.version")
    assert await redis.xlen(Keys(settings.key_prefix).refused(0)) == 2


async def test_the_broker_is_held_back_while_nobody_empties_the_streams(settings: Settings, redis: Redis) -> None:
    settings = settings.model_copy(update={"max_lag": 3, "receive_maximum": 4, "partitions": 1})
    keys = Keys(settings.key_prefix)
    for _ in range(5):
        await redis.xadd(keys.chunks(0), {FIELD: b"\x91\x90"})
    async with ingest(settings):
        await publish(settings, [chunk(n) for n in range(20)])
        await asyncio.sleep(1)
        assert await written(redis, settings) == []
        await redis.delete(keys.chunks(0))

        async def all_there() -> bool:
            return len(await written(redis, settings)) >= 20

        await until(all_there)
