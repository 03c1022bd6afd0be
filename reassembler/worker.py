"""The reassembler worker: chunk streams to whole dumps, and answers to devices.

It keeps nothing: what a killed worker had taken is taken over by another one, and placing a chunk twice changes
nothing. A device hears `stored` after the dump is durable in the store and its work item is in the dump stream.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from zlib import crc32

from redis.asyncio import Redis

from contract.ack import Ack, encode_ack
from contract.chunk import decode_chunk
from contract.errors import FaultcastError, LimitExceeded, MessageError
from contract.records import Keys, decode_batch
from reassembler.assembly import Assemblies, Placed
from reassembler.completion import Completion
from reassembler.limits import NoRoom, TooManyOpenDumps, check_limits
from reassembler.progress import Progress, acknowledgement, rejected_ack, stored_ack, wait_ack
from reassembler.runs import Arrival, AssemblyId, Placement, gather
from runtime.checks import dependency_checks
from runtime.consumer import Consumer, Entry
from runtime.dead_letters import bury, dead_letter, partition_in
from runtime.logs import get_logger
from runtime.metrics import ACKS_SENT, CHUNKS_CONFLICTING, CHUNKS_DUPLICATE, CHUNKS_PLACED, DUMPS_REJECTED, STREAM_LAG
from runtime.mqtt import Publisher
from runtime.rest import rest
from runtime.settings import Settings
from runtime.store import FolderStore
from runtime.streams import connect_streams, stream_errors
from runtime.worker import run_worker

log = get_logger(__name__)

GROUP = "reassembler"
ENTRIES_AT_ONCE = 2
"""Of each partition. An entry carries hundreds of chunks."""
SWEEP_SECONDS = 1.0
ACKS_IN_FLIGHT = 64
COMPLETIONS_AT_ONCE = 16
"""Bounds the memory: each holds one dump."""
DRAIN_SECONDS = 5.0


class ReassemblerWorker:
    """One member of the reassembler group, over all partitions."""

    def __init__(self, settings: Settings, redis: Redis, store: FolderStore, publisher: Publisher) -> None:
        """Connects nothing yet."""
        self._settings = settings
        self._redis = redis
        self._keys = Keys(settings.key_prefix)
        self._publisher = publisher
        self._assemblies = [Assemblies(redis, settings, partition) for partition in range(settings.partitions)]
        self._completion = Completion(settings, redis, store)
        self._acks: set[asyncio.Task[None]] = set()
        self._completions = asyncio.Semaphore(COMPLETIONS_AT_ONCE)
        self._ack_slots = asyncio.Semaphore(ACKS_IN_FLIGHT)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; acks that are under way get a few seconds more."""
        consumer = Consumer(
            self._redis,
            [self._keys.chunks(partition) for partition in range(self._settings.partitions)],
            group=GROUP,
            name=self._settings.worker,
            count=ENTRIES_AT_ONCE,
            claim_idle_seconds=self._settings.claim_idle_seconds,
            max_deliveries=self._settings.max_deliveries,
        )
        publishing = asyncio.create_task(self._publisher.run())
        sweeping = asyncio.create_task(self._sweep(stop))
        try:
            await consumer.run(self._handle, self._give_up, stop)
            await sweeping
            if self._acks:
                await asyncio.wait(self._acks, timeout=DRAIN_SECONDS)
        finally:
            publishing.cancel()
            sweeping.cancel()
            for task in self._acks:
                task.cancel()
            await asyncio.gather(publishing, sweeping, *self._acks, return_exceptions=True)

    async def _handle(self, stream: str, entries: Sequence[Entry]) -> None:
        partition = partition_in(stream)
        arrivals = self._decode(entries)
        placements = gather(arrivals)
        assemblies = self._assemblies[partition]
        placed = await assemblies.place(placements, _now_ms())
        # Each dump that is whole waits for the disk; together they wait once.
        conclusions = [
            self._conclude(assemblies, placement, outcome)
            for placement, outcome in zip(placements, placed, strict=True)
        ]
        for error in await asyncio.gather(*conclusions, return_exceptions=True):
            if error is not None:
                raise error

    async def _conclude(self, assemblies: Assemblies, placement: Placement, outcome: Placed) -> None:
        """Answer a placement; a dump that is whole is stored first."""
        _count(outcome.progress)
        ack = await self._verdict(assemblies, placement, outcome)
        if ack is not None:
            self._answer(placement.assembly.device, ack)

    async def _verdict(self, assemblies: Assemblies, placement: Placement, outcome: Placed) -> Ack | None:
        assembly = placement.assembly
        match outcome.state:
            case "open":
                return acknowledgement(assembly, outcome.progress, self._settings.window)
            case "complete":
                async with self._completions:
                    return await self._completion.complete(assemblies, assembly)
            case "limit":
                most = self._settings.max_open_dumps
                error = TooManyOpenDumps(f"{most} uploads are open already (FAULTCAST_MAX_OPEN_DUMPS)")
                log.info("a device waits", code=error.code, device=assembly.device)
                return wait_ack(assembly, error, max(1, int(min(self._settings.upload_idle_seconds, 60))))
            case "busy":
                error = NoRoom("other uploads fill Redis (FAULTCAST_MAX_OPEN_MEMORY_PERCENT of its maxmemory)")
                log.info("a device waits", code=error.code, device=assembly.device)
                return wait_ack(assembly, error, 3 + crc32(assembly.device.encode()) % 8)
            case "stored":
                return stored_ack(assembly)
            case verdict:
                return rejected_ack(assembly, verdict)

    def _decode(self, entries: Sequence[Entry]) -> list[Arrival]:
        """The chunks of the entries; those over a limit are answered and left out. Raises `RecordError`."""
        arrivals: list[Arrival] = []
        rejected: dict[tuple[str, bytes], tuple[Arrival, LimitExceeded]] = {}
        for entry in entries:
            for received in decode_batch(entry.value).chunks:
                try:
                    arrival = Arrival(received.device, decode_chunk(received.payload), received.received_ms)
                except MessageError as error:  # ingest lets none through; another writer might
                    log.warning("not a chunk", code=error.code, reason=str(error), device=received.device)
                    continue
                try:
                    check_limits(arrival.chunk, self._settings)
                except LimitExceeded as error:
                    rejected[received.device, arrival.chunk.dump_id] = (arrival, error)
                    continue
                arrivals.append(arrival)
        for arrival, error in rejected.values():
            DUMPS_REJECTED.labels(error.code).inc()
            log.info("rejected a dump", code=error.code, reason=str(error), device=arrival.device)
            chunk = arrival.chunk
            assembly = AssemblyId(arrival.device, chunk.dump_id, chunk.total_size, chunk.chunk_size)
            self._answer(arrival.device, rejected_ack(assembly, f"{error.code}: {error}"))
        return arrivals

    def _answer(self, device: str, ack: Ack) -> None:
        """Send an ack in the background. A lost one costs a device a repetition, so nothing waits for it."""
        if self._ack_slots.locked() and ack.state == "open":
            return  # the broker is slow or away; the device will ask again
        task = asyncio.create_task(self._publish(device, ack))
        self._acks.add(task)
        task.add_done_callback(self._acks.discard)

    async def _publish(self, device: str, ack: Ack) -> None:
        async with self._ack_slots:
            try:
                await self._publisher.publish(self._settings.topics.ack(device), encode_ack(ack))
            except FaultcastError as error:
                log.warning("an acknowledgement was not sent", code=error.code, reason=str(error), device=device)
                return
            ACKS_SENT.labels(ack.state).inc()

    async def _sweep(self, stop: asyncio.Event) -> None:
        """Salvage uploads whose deadline has passed."""
        while not stop.is_set():
            with suppress(FaultcastError):  # said below, where it matters
                await self._share_memory()
            for partition, assemblies in enumerate(self._assemblies):
                try:
                    for assembly in await assemblies.lease_overdue(_now_ms(), limit=16):
                        ack = await self._completion.salvage(assemblies, assembly)
                        if ack is not None:
                            self._answer(assembly.device, ack)
                    with stream_errors():
                        stream = self._keys.chunks(partition)
                        STREAM_LAG.labels(stream).set(await self._redis.xlen(stream))
                except FaultcastError as error:
                    log.warning("salvage will be tried again", code=error.code, reason=str(error))
            await rest(stop, SWEEP_SECONDS)

    async def _share_memory(self) -> None:
        """Give each partition its share of what open uploads may need of Redis' memory."""
        with stream_errors():
            memory = await self._redis.info("memory")  # pyright: ignore[reportUnknownMemberType]
        budget = int(memory.get("maxmemory", 0)) * self._settings.max_open_memory_percent // 100
        for assemblies in self._assemblies:
            assemblies.budget = budget // len(self._assemblies)

    async def _give_up(self, entry: Entry, error: FaultcastError) -> None:
        letter = dead_letter("reassembler", error, record=entry.value)
        await bury(self._redis, self._keys, partition_in(entry.stream), letter)


def _count(progress: Progress) -> None:
    CHUNKS_PLACED.inc(max(0, progress.held - progress.before))
    CHUNKS_DUPLICATE.inc(progress.duplicates)
    CHUNKS_CONFLICTING.inc(progress.conflicts)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def main(settings: Settings) -> None:
    """Run one reassembler worker until a signal stops it."""
    store = FolderStore(settings.store)

    async def work(stop: asyncio.Event) -> None:
        publisher = Publisher(settings, f"faultcast-reassembler-{settings.worker}")
        async with connect_streams(settings) as redis:
            await ReassemblerWorker(settings, redis, store, publisher).run(stop)

    run_worker(settings, "reassembler", work, dependency_checks(settings, store))
