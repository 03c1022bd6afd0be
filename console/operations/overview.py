"""The state of an installation at one moment: streams, workers, intake, room on the disks."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from console.intake.progress import Progress
from console.operations.dead_letters import count_dead_letters
from console.operations.health import Partition, Stage, WorkerState, partitions_of, shown_workers, stages_of
from console.operations.lag import Worker
from console.operations.sampler import Sampler
from console.operations.sizes import (
    Disk,
    Memory,
    StoreCount,
    StoreSize,
    database_size,
    disk_of,
    redis_memory,
)
from console.people.clock import now_ms
from console.web.services import Services
from contract.errors import StreamsUnavailable
from contract.records import Keys


@dataclass(frozen=True, slots=True)
class Streams:
    """What Redis tells."""

    stages: Sequence[Stage]
    partitions: Sequence[Partition]
    workers: Sequence[tuple[Worker, WorkerState]]
    left: int
    """Workers that are not shown, for they left."""
    dead_letters: int
    memory: Memory


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it."""

    streams: Streams | None
    problem: str
    """Why nothing is known of the streams; empty where it is."""
    intake: Progress
    database: int
    """Bytes."""
    store: StoreSize | None
    store_disk: Disk | None
    database_disk: Disk | None
    """Of SQLite's file; None with a server."""


class Gauges:
    """What is kept from one look to the next."""

    def __init__(self) -> None:
        self.sampler = Sampler()
        self.store = StoreCount()


async def overview(services: Services, gauges: Gauges, intake: Progress) -> Overview:
    """Look at everything; raises `DatabaseUnavailable`."""
    settings = services.settings
    streams, problem = None, ""
    try:
        streams = await _streams(services, gauges)
    except StreamsUnavailable as error:
        problem = str(error)
    store_disk, database_disk = await asyncio.to_thread(
        lambda: (disk_of(settings.store), disk_of(settings.database_file.parent))
    )
    return Overview(
        streams=streams,
        problem=problem,
        intake=intake,
        database=await database_size(services.database),
        store=gauges.store.size(settings.store, services.stopping),
        store_disk=store_disk,
        database_disk=database_disk if services.database.is_sqlite and not settings.database_url else None,
    )


async def _streams(services: Services, gauges: Gauges) -> Streams:
    settings, redis = services.settings, services.redis
    keys = Keys(settings.key_prefix)
    sample, rates = await gauges.sampler.look(redis, keys, settings.partitions)
    # A worker that is busy for longer loses its work to another one, which is what `claim_idle_seconds` says.
    busy_ms = int(max(settings.claim_idle_seconds, settings.analysis_seconds) * 2_000)
    workers, left = shown_workers(sample.workers, busy_ms)
    return Streams(
        stages=stages_of(sample, rates, busy_ms, now_ms()),
        partitions=partitions_of(sample.lags, settings.partitions),
        workers=workers,
        left=left,
        dead_letters=await count_dead_letters(redis, keys, settings.partitions),
        memory=await redis_memory(redis),
    )
