"""The reassembler on a real Redis and a real Mosquitto: what each kind of upload ends in."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from zlib import crc32

import aiomqtt
import pytest
from redis.asyncio import Redis
from support.services import local_redis

from contract.ack import Ack, decode_ack
from contract.chunk import Chunk, Metadata, encode_chunk
from contract.records import (
    FIELD,
    ChunkBatch,
    DumpItem,
    Keys,
    ReceivedChunk,
    decode_item,
    decode_letter,
    encode_record,
)
from reassembler.worker import ReassemblerWorker
from runtime.mqtt import Publisher, broker_connection
from runtime.settings import Settings
from runtime.store import FolderStore, content_name, dump_key
from runtime.streams import connect_streams

pytestmark = pytest.mark.services

DATA = bytes(range(256)) * 10 + b"end"
SIZE = 256


def chunks(data: bytes = DATA, size: int = SIZE, dump_id: bytes = b"dump", **metadata: object) -> list[bytes]:
    meta = Metadata(**metadata)  # type: ignore[arg-type]
    return [
        encode_chunk(
            Chunk(
                version=1,
                dump_id=dump_id,
                sequence=index,
                total_size=len(data),
                chunk_size=size,
                crc=crc32(data[at : at + size]),
                data=data[at : at + size],
                metadata=meta if index == 0 else None,
            )
        )
        for index, at in enumerate(range(0, len(data), size))
    ]


class Bench:
    """A reassembler at work, and what a device and the next stage see of it."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self.settings, self.redis, self.keys = settings, redis, Keys(settings.key_prefix)
        self.store = FolderStore(settings.store)
        self.acks: asyncio.Queue[Ack] = asyncio.Queue()

    async def arrive(self, payloads: list[bytes], device: str = "d1", at_ms: int = 1_700_000_000_000) -> None:
        """One record, as ingest writes it (partition 0 for every device: reassembly does not care)."""
        batch = ChunkBatch([ReceivedChunk(device, payload, at_ms) for payload in payloads])
        await self.redis.xadd(self.keys.chunks(0), {FIELD: encode_record(batch)})

    async def ack(self, seconds: float = 5) -> Ack:
        return await asyncio.wait_for(self.acks.get(), seconds)

    async def verdict(self) -> Ack:
        while (ack := await self.ack(10)).state == "open":
            pass
        return ack

    async def items(self) -> list[DumpItem]:
        return [decode_item(fields[FIELD]) for _, fields in await self.redis.xrange(self.keys.dumps(0))]


@asynccontextmanager
async def reassembler(settings: Settings, redis: Redis, **changes: object) -> AsyncIterator[Bench]:
    settings = settings.model_copy(update=changes)
    bench, streams, stop = Bench(settings, redis), connect_streams(settings), asyncio.Event()
    worker = ReassemblerWorker(settings, streams, bench.store, Publisher(settings, f"re-{settings.key_prefix}"))
    async with broker_connection(settings, f"device-{settings.key_prefix}") as device:
        await device.subscribe(f"{settings.topic_root}/v1/device/+/ack", max_qos=aiomqtt.QoS.AT_LEAST_ONCE)

        async def listen() -> None:
            async for packet in device.messages():
                if isinstance(packet, aiomqtt.PublishPacket):
                    await bench.acks.put(decode_ack(packet.payload))

        listening = asyncio.create_task(listen())
        working = asyncio.create_task(worker.run(stop))
        try:
            yield bench
        finally:
            stop.set()
            await asyncio.wait_for(working, 15)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await streams.aclose()


async def test_stored_means_durable_and_handed_on(settings: Settings, redis: Redis) -> None:
    async with reassembler(settings, redis) as bench:
        digest = hashlib.sha256(DATA).digest()
        await bench.arrive(chunks(boot=7, crc32=crc32(DATA), sha256=digest, build_id=b"\x01" * 20))
        ack = await bench.verdict()
        assert (ack.state, ack.first_missing) == ("stored", 11)
        assert bench.store.get(dump_key(content_name(DATA))) == DATA
        (item,) = await bench.items()
        assert (item.device, item.size, item.occurrence, item.missing) == ("d1", len(DATA), "boot:7", [])
        assert item.metadata.build_id == b"\x01" * 20
        assert item.first_received_ms == 1_700_000_000_000
    assert await redis.xlen(bench.keys.chunks(0)) == 0
    assert not [key async for key in redis.scan_iter(f"{settings.key_prefix}:*:a:*")]


async def test_a_lost_stored_is_answered_again_and_makes_no_second_event(settings: Settings, redis: Redis) -> None:
    async with reassembler(settings, redis) as bench:
        await bench.arrive(chunks(boot=7))
        assert (await bench.verdict()).state == "stored"
        await bench.arrive(chunks(boot=7)[:1])
        assert (await bench.verdict()).state == "stored"
        assert len(await bench.items()) == 1


async def test_the_same_bytes_of_a_later_boot_are_a_new_crash(settings: Settings, redis: Redis) -> None:
    async with reassembler(settings, redis) as bench:
        for metadata in ({"boot": 7}, {"boot": 8}, {"uptime_ms": 5}):
            await bench.arrive(chunks(**metadata))
            assert (await bench.verdict()).state == "stored"
        items = await bench.items()
        assert len({item.event_id for item in items}) == 3
        assert len({item.sha256 for item in items}) == 1


async def test_a_gap_is_told_at_once_with_what_is_held(settings: Settings, redis: Redis) -> None:
    async with reassembler(settings, redis) as bench:
        some = chunks()
        await bench.arrive([some[0], some[1], some[3], some[5]])
        ack = await bench.ack()
        assert (ack.state, ack.first_missing) == ("open", 2)
        assert [n for n in range(11) if ack.holds(n)] == [0, 1, 3, 5]


async def test_a_wrong_checksum_asks_again_and_is_rejected_in_the_end(settings: Settings, redis: Redis) -> None:
    async with reassembler(settings, redis) as bench:
        for _ in range(2):
            await bench.arrive(chunks(crc32=1))
            ack = await bench.ack()
            assert (ack.state, ack.first_missing, ack.held) == ("open", 0, b"")
        await bench.arrive(chunks(crc32=1))
        ack = await bench.verdict()
        assert ack.state == "rejected"
        assert ack.reason.startswith("checksum: CRC-32 of the 2563 bytes is")
        assert await bench.items() == []
        (letter,) = [decode_letter(fields[FIELD]) for _, fields in await redis.xrange(bench.keys.dead(0))]
        assert (letter.code, letter.device) == ("checksum", "d1")
        assert bench.store.get(dump_key(letter.record.decode())) == DATA  # nothing that came is thrown away
        await bench.arrive(chunks(crc32=1)[:1])
        assert (await bench.verdict()).state == "rejected"


async def test_corrupted_bytes_are_repaired_by_sending_again(settings: Settings, redis: Redis) -> None:
    async with reassembler(settings, redis) as bench:
        broken = chunks(crc32=crc32(DATA))
        broken[4] = chunks(bytes(len(DATA)))[4]
        await bench.arrive(broken)
        assert (await bench.ack()).first_missing == 0
        await bench.arrive(chunks(crc32=crc32(DATA)))
        assert (await bench.verdict()).state == "stored"


async def test_conflicting_bytes_the_first_ones_win_and_are_counted(settings: Settings, redis: Redis) -> None:
    async with reassembler(settings, redis) as bench:
        good, other = chunks(boot=1), chunks(bytes(len(DATA)))
        await bench.arrive(good[:6])
        await bench.arrive([other[2], *good[6:]])
        assert (await bench.verdict()).state == "stored"
        (item,) = await bench.items()
        assert item.conflicts == 1
        assert bench.store.get(dump_key(item.sha256)) == DATA


async def test_sizes_that_change_in_the_middle_are_uploads_of_their_own(settings: Settings, redis: Redis) -> None:
    async with reassembler(settings, redis) as bench:
        await bench.arrive(chunks(boot=1)[:5])
        await bench.arrive(chunks(boot=1, size=512))
        ack = await bench.verdict()
        assert (ack.state, ack.chunk_size) == ("stored", 512)
        (item,) = await bench.items()
        assert bench.store.get(dump_key(item.sha256)) == DATA


async def test_an_upload_that_never_finishes_is_salvaged_once(settings: Settings, redis: Redis) -> None:
    async with reassembler(settings, redis, upload_idle_seconds=0.5) as bench:
        some = chunks(boot=1)
        await bench.arrive([*some[:3], some[6], some[10]])
        async with asyncio.timeout(10):
            while not await bench.items():
                await asyncio.sleep(0.1)
        (item,) = await bench.items()
        assert item.missing == [(768, 1536), (1792, 2560)]
        salvaged = bench.store.get(dump_key(item.sha256))
        assert salvaged[:768] == DATA[:768]
        assert salvaged[768:1536] == bytes(768)
        assert salvaged[1536:1792] == DATA[1536:1792]
        assert salvaged[2560:] == b"end"
        # The device comes back: the same crash, now whole.
        await bench.arrive(some)
        assert (await bench.verdict()).state == "stored"
        partial, whole = await bench.items()
        assert partial.event_id == whole.event_id
        assert whole.missing == []


async def test_late_repetitions_of_a_finished_dump_are_forgotten(settings: Settings, redis: Redis) -> None:
    async with reassembler(settings, redis, upload_idle_seconds=0.5) as bench:
        await bench.arrive(chunks(boot=1))
        await bench.verdict()
        await bench.arrive(chunks(boot=1)[3:5])
        ack = await bench.ack()
        assert (ack.state, ack.first_missing) == ("open", 0)  # "show me chunk 0"
        async with asyncio.timeout(10):
            while await redis.zcard(bench.keys.deadlines(0)):
                await asyncio.sleep(0.1)
        assert len(await bench.items()) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"max_dump_size": 1000}, "limit.dump-size"),
        ({"max_chunk_size": 128}, "limit.chunk-size"),
        ({"min_chunk_size": 512}, "limit.chunk-size"),
    ],
)
async def test_over_a_limit_is_rejected_with_its_reason(
    settings: Settings, redis: Redis, changes: dict[str, int], code: str
) -> None:
    async with reassembler(settings, redis, **changes) as bench:
        await bench.arrive(chunks())
        ack = await bench.verdict()
        assert ack.state == "rejected"
        assert ack.reason.startswith(f"{code}: ")
        assert "FAULTCAST_" in ack.reason


async def test_a_device_with_too_many_uploads_is_asked_to_wait(settings: Settings, redis: Redis) -> None:
    async with reassembler(settings, redis, max_open_dumps=1) as bench:
        await bench.arrive(chunks(dump_id=b"one!")[:2])
        await bench.arrive(chunks(dump_id=b"two!")[:2])
        ack = await bench.verdict()
        assert (ack.state, ack.dump_id) == ("wait", b"two!")
        assert ack.seconds > 0


async def test_a_poison_record_goes_to_the_dead_letters_and_its_neighbours_go_on(
    settings: Settings, redis: Redis
) -> None:
    async with reassembler(settings, redis) as bench:
        await redis.xadd(bench.keys.chunks(0), {FIELD: b"\xc1 poison"})
        await bench.arrive(chunks(boot=1))
        assert (await bench.verdict()).state == "stored"
        (letter,) = [decode_letter(fields[FIELD]) for _, fields in await redis.xrange(bench.keys.dead(0))]
        assert letter.code == "message.record"


async def test_a_full_disk_delays_stored_and_loses_nothing(
    settings: Settings, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = True
    put = FolderStore.put

    def put_unless_full(store: FolderStore, key: str, content: bytes) -> None:
        if full:
            monkeypatch.setattr("os.fsync", _no_space)
        try:
            put(store, key, content)
        finally:
            monkeypatch.setattr("os.fsync", real_fsync)

    import os  # noqa: PLC0415 (its fsync is replaced)

    real_fsync = os.fsync

    def _no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FolderStore, "put", put_unless_full)
    async with reassembler(settings, redis) as bench:
        await bench.arrive(chunks(boot=1))
        await asyncio.sleep(1)
        assert bench.acks.empty() or (await bench.ack()).state == "open"
        full = False
        assert (await bench.verdict()).state == "stored"
        assert len(await bench.items()) == 1


async def test_thousands_of_devices_in_between_each_other(settings: Settings, redis: Redis) -> None:
    devices = [f"device-{number}" for number in range(2000)]
    contents = {device: f"dump of {device} ".encode() * 10 for device in devices}
    messages = [
        (device, payload)
        for device in devices
        for payload in chunks(contents[device], size=64, dump_id=content_name(contents[device]).encode()[:16])
    ]
    random.Random(5).shuffle(messages)
    async with reassembler(settings, redis) as bench:
        for start in range(0, len(messages), 200):
            received = [ReceivedChunk(device, payload, 1) for device, payload in messages[start : start + 200]]
            await redis.xadd(bench.keys.chunks(0), {FIELD: encode_record(ChunkBatch(received))})
        async with asyncio.timeout(90):
            while await redis.xlen(bench.keys.dumps(0)) < len(devices):
                await asyncio.sleep(0.2)
        items = await bench.items()
        assert {item.device: bench.store.get(dump_key(item.sha256)) for item in items} == contents


async def test_uploads_that_redis_has_no_room_for_wait_for_the_others(settings: Settings, tmp_path: Path) -> None:
    """More dumps than fit into Redis at once: without admission all of them would stand half done for ever."""
    server = local_redis(tmp_path, "--maxmemory", "8mb")
    settings = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{server.port}/0"})
    redis = connect_streams(settings)
    async with reassembler(settings, redis, max_open_memory_percent=1, partitions=1) as bench:
        await asyncio.sleep(0.5)
        first, second = random.Random(1).randbytes(70_000), random.Random(2).randbytes(70_000)
        await bench.arrive(chunks(first, 4096, b"one!")[:9], device="d1")
        await bench.arrive(chunks(second, 4096, b"two!"), device="d2")
        ack = await bench.verdict()
        assert (ack.state, ack.dump_id) == ("wait", b"two!")
        assert ack.reason.startswith("limit.memory: ")
        await bench.arrive(chunks(first, 4096, b"one!")[9:], device="d1")
        assert (await bench.verdict()).dump_id == b"one!"
        await bench.arrive(chunks(second, 4096, b"two!"), device="d2")
        ack = await bench.verdict()
        assert (ack.state, ack.dump_id) == ("stored", b"two!")
        assert int(await redis.get(bench.keys.reserved(0))) == 0
    await redis.aclose()
    server.kill()
