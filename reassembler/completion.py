"""The end of an upload: verify, make durable, hand on, and only then say `stored`; or salvage what there is."""

import asyncio

from redis.asyncio import Redis

from contract.ack import Ack
from contract.chunk import Metadata
from contract.identity import event_id
from contract.records import DumpItem, Keys
from reassembler.assembly import Assemblies, Contents
from reassembler.progress import missing_ranges, open_ack, rejected_ack, stored_ack
from reassembler.runs import AssemblyId
from reassembler.verify import ChecksumMismatch, verify
from runtime.dead_letters import bury, dead_letter
from runtime.logs import get_logger
from runtime.metrics import DUMPS_REJECTED, DUMPS_STORED, STORE_SECONDS, VERIFY_FAILURES
from runtime.settings import Settings
from runtime.store import Store, content_name, dump_key

log = get_logger(__name__)

VERIFY_TRIES = 3
"""Uploads of one dump with a wrong checksum, after which it is rejected."""


class Completion:
    """Turns assemblies into stored dumps and work items."""

    def __init__(self, settings: Settings, redis: Redis, store: Store) -> None:
        """Connects nothing."""
        self._settings = settings
        self._redis = redis
        self._keys = Keys(settings.key_prefix)
        self._store = store

    async def complete(self, assemblies: Assemblies, assembly: AssemblyId) -> Ack | None:
        """Store a whole dump and answer its device.

        Raises:
            StoreUnavailable: the assembly stays as it is, and the batch is tried again.
            StreamsUnavailable: likewise.
        """
        contents = await assemblies.read(assembly)
        if contents is None:
            return stored_ack(assembly)  # another worker was faster
        occurrences = contents.metadata or [Metadata()]
        try:
            for metadata in occurrences:
                await asyncio.to_thread(verify, contents.data, metadata)
        except ChecksumMismatch as error:
            return await self._mismatch(assemblies, assembly, contents, error)
        items = await self._store_dump(assembly, contents, occurrences, missing=[])
        if await assemblies.finish(assembly, [(item.occurrence, item) for item in items], "stored"):
            DUMPS_STORED.labels("whole").inc()
            log.info("dump stored", device=assembly.device, sha256=items[0].sha256, size=assembly.total_size)
        return stored_ack(assembly)

    async def salvage(self, assemblies: Assemblies, assembly: AssemblyId) -> Ack | None:
        """Deal with an assembly past its deadline; the answer to its device, if there is one."""
        contents = await assemblies.read(assembly)
        if contents is None:
            return None
        missing = list(missing_ranges(contents.bitmap, assembly))
        if not missing:
            return await self.complete(assemblies, assembly)
        if not contents.metadata and await assemblies.finished_before(assembly):
            await assemblies.finish(assembly, [], "")  # late repetitions of a finished dump
            return None
        occurrences = contents.metadata or [Metadata()]
        unfinished = [item for item in occurrences if await assemblies.verdict(assembly, item.occurrence) is None]
        items = await self._store_dump(assembly, contents, unfinished, missing) if unfinished else []
        if await assemblies.finish(assembly, [(item.occurrence, item) for item in items], "") and items:
            DUMPS_STORED.labels("partial").inc()
            absent = sum(end - start for start, end in missing)
            log.warning("salvaged a partial dump", device=assembly.device, size=assembly.total_size, missing=absent)
        return None

    async def _store_dump(
        self, assembly: AssemblyId, contents: Contents, occurrences: list[Metadata], missing: list[tuple[int, int]]
    ) -> list[DumpItem]:
        sha256 = await asyncio.to_thread(content_name, contents.data)
        with STORE_SECONDS.time():
            await asyncio.to_thread(self._store.put, dump_key(sha256), contents.data)
        return [
            DumpItem(
                event_id=event_id(assembly.device, assembly.dump_id, assembly.total_size, metadata.occurrence),
                device=assembly.device,
                sha256=sha256,
                size=assembly.total_size,
                dump_id=assembly.dump_id,
                occurrence=metadata.occurrence,
                metadata=metadata,
                missing=missing,
                first_received_ms=contents.first_ms,
                last_received_ms=contents.last_ms,
                chunks=contents.chunks,
                duplicates=contents.duplicates,
                conflicts=contents.conflicts,
            )
            for metadata in occurrences
        ]

    async def _mismatch(
        self, assemblies: Assemblies, assembly: AssemblyId, contents: Contents, error: ChecksumMismatch
    ) -> Ack | None:
        """Ask for the dump again; after a few times keep what came, put it before a person, and reject it."""
        VERIFY_FAILURES.inc()
        tries = await assemblies.reset(assembly)
        log.warning("checksum mismatch", code=error.code, reason=str(error), device=assembly.device, tries=tries)
        if tries < VERIFY_TRIES:
            return open_ack(assembly, b"")
        sha256 = content_name(contents.data)
        await asyncio.to_thread(self._store.put, dump_key(sha256), contents.data)
        verdict = f"{error.code}: {error}"
        occurrences = [(metadata.occurrence, None) for metadata in contents.metadata or [Metadata()]]
        if await assemblies.finish(assembly, occurrences, verdict):
            DUMPS_REJECTED.labels(error.code).inc()
            letter = dead_letter("reassembler", error, device=assembly.device, record=sha256.encode())
            await bury(self._redis, self._keys, assemblies.partition, letter)
        return rejected_ack(assembly, verdict)
