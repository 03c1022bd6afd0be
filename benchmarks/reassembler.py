"""Reassembler: chunks per second of one worker, from filled streams to dumps in the store, beside the obvious loop.

The peer keeps each chunk as a field of a Redis hash, one command at a time, and joins and writes the dump when the
last one is there. It verifies nothing, acknowledges nothing, and cannot be killed.
"""

import asyncio
import logging
import os
import random
import tempfile
import time
from pathlib import Path

import structlog
from redis.asyncio import Redis

from benchmarks.bench import Series, report
from contract.chunk import Metadata, decode_chunk
from contract.identity import partition_of
from contract.records import FIELD, ChunkBatch, Keys, ReceivedChunk, decode_batch, encode_record
from device.chunks import ChunkedDump
from reassembler.worker import ReassemblerWorker
from runtime.mqtt import Publisher
from runtime.settings import Settings
from runtime.store import FolderStore
from runtime.streams import connect_streams

DUMPS, SIZE, BATCH, ROUNDS = 400, 64 * 1024, 128, 3
CHUNKS = DUMPS * SIZE // 1024


def main() -> None:
    from support.services import local_mosquitto, local_redis  # noqa: PLC0415 (found through benchmarks.bench)

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    ours: list[float] = []
    naive: list[float] = []
    for _ in range(ROUNDS):
        for rates, contender in ((ours, _reassemble), (naive, _naive)):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                redis, mosquitto = local_redis(folder, "--appendfsync", "everysec"), local_mosquitto(folder)
                settings = Settings(
                    broker_url=f"mqtt://127.0.0.1:{mosquitto.port}",
                    redis_url=f"redis://127.0.0.1:{redis.port}/0",
                    store=folder / "store",
                    worker="bench",
                    _env_file=None,
                )
                rates.append(CHUNKS / asyncio.run(contender(settings)))
                mosquitto.kill()
                redis.kill()
    title = f"{DUMPS} dumps of {SIZE // 1024} KiB in {CHUNKS} shuffled chunks, store with fsync"
    report(title, "chunks", Series("reassembler worker", ours), Series("naive loop (HSET each)", naive))


async def _fill(settings: Settings) -> Redis:
    """Chunks of all dumps, mixed, in records as ingest writes them."""
    redis, keys = connect_streams(settings), Keys(settings.key_prefix)
    generator = random.Random(1)
    messages = [
        (f"device-{number}", encoded)
        for number in range(DUMPS)
        for dump in [ChunkedDump(generator.randbytes(SIZE), Metadata(boot=1))]
        for encoded in map(dump.payload, range(dump.layout.count))
    ]
    # Neighbours swap places: what a window of 16 and a fleet that sends at the same time look like.
    messages.sort(key=lambda _: generator.random())
    by_partition: dict[int, list[ReceivedChunk]] = {}
    for device, payload in messages:
        partition = partition_of(device, settings.partitions)
        by_partition.setdefault(partition, []).append(ReceivedChunk(device, payload, 1))
    for partition, chunks in by_partition.items():
        for start in range(0, len(chunks), BATCH):
            await redis.xadd(keys.chunks(partition), {FIELD: encode_record(ChunkBatch(chunks[start : start + BATCH]))})
    return redis


async def _reassemble(settings: Settings) -> float:
    redis, stop = await _fill(settings), asyncio.Event()
    store, keys = FolderStore(settings.store), Keys(settings.key_prefix)
    worker = ReassemblerWorker(settings, connect_streams(settings), store, Publisher(settings, "bench"))
    began = time.perf_counter()
    task = asyncio.create_task(worker.run(stop))
    while sum([await redis.xlen(keys.dumps(partition)) for partition in range(settings.partitions)]) < DUMPS:
        await asyncio.sleep(0.02)
    seconds = time.perf_counter() - began
    stop.set()
    await task
    await redis.aclose()
    return seconds


async def _naive(settings: Settings) -> float:
    redis, keys = await _fill(settings), Keys(settings.key_prefix)
    folder = settings.store
    folder.mkdir(parents=True)
    began = time.perf_counter()
    for partition in range(settings.partitions):
        for id_, fields in await redis.xrange(keys.chunks(partition)):
            for received in decode_batch(fields[FIELD]).chunks:
                chunk = decode_chunk(received.payload)
                key = f"{received.device}:{chunk.dump_id.hex()}"
                await redis.hset(key, str(chunk.sequence), chunk.data)
                if await redis.hlen(key) == chunk.count:
                    parts = await redis.hgetall(key)
                    content = b"".join(parts[str(sequence).encode()] for sequence in range(chunk.count))
                    with (folder / key).open("wb") as file:
                        file.write(content)
                        file.flush()
                        os.fsync(file.fileno())
                    await redis.delete(key)
            await redis.xdel(keys.chunks(partition), id_)
    seconds = time.perf_counter() - began
    if len(list(folder.iterdir())) != DUMPS:
        raise RuntimeError("the naive loop lost dumps")
    await redis.aclose()
    return seconds
