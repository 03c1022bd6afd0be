"""The analyzer worker: stored dumps to crash events.

An item of the dump stream is done with when its report is in the store, its event is in the event stream, and the
broker has acknowledged it. All of that may happen twice; the event's id is the same then.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from redis.asyncio import Redis

from analyzer.announce import crash_event
from analyzer.firmware import FoundFirmware, find_firmware, park
from analyzer.plumbing_file import read_plumbing
from analyzer.report.model import Report, decode_report
from analyzer.requests import Analysed, AnalyseDump
from analyzer.sandbox import AnalysisDied, Sandbox
from contract.errors import FaultcastError, InputError
from contract.event import CrashEvent, encode_event
from contract.records import DumpItem, Keys, decode_item
from runtime.checks import dependency_checks
from runtime.consumer import Consumer, Entry
from runtime.dead_letters import bury, dead_letter, partition_in
from runtime.logs import get_logger
from runtime.metrics import ANALYSIS_SECONDS, DUMPS_ANALYSED, EVENTS_PUBLISHED
from runtime.mqtt import Publisher
from runtime.settings import Settings
from runtime.store import FolderStore, dump_key
from runtime.streams import connect_streams, stream_errors
from runtime.worker import run_worker

log = get_logger(__name__)

GROUP = "analyzer"
ENTRIES_AT_ONCE = 4


class AnalyzerWorker:
    """One member of the analyzer group, over all partitions, with one analysing process."""

    def __init__(self, settings: Settings, redis: Redis, store: FolderStore, publisher: Publisher) -> None:
        """Connects and starts nothing yet."""
        self._settings = settings
        self._redis = redis
        self._keys = Keys(settings.key_prefix)
        self._store = store
        self._publisher = publisher
        self._sandbox = Sandbox(
            seconds=settings.analysis_seconds, memory=settings.analysis_memory, plumbing=plumbing_of(settings)
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; the dump that is being analysed is finished first."""
        consumer = Consumer(
            self._redis,
            [self._keys.dumps(partition) for partition in range(self._settings.partitions)],
            group=GROUP,
            name=self._settings.worker,
            count=ENTRIES_AT_ONCE,
            # A batch may take its time limit for each entry before it is silent in earnest.
            claim_idle_seconds=self._settings.claim_idle_seconds
            + 2 * ENTRIES_AT_ONCE * self._settings.analysis_seconds,
            max_deliveries=self._settings.max_deliveries,
        )
        publishing = asyncio.create_task(self._publisher.run())
        try:
            await consumer.run(self._handle, self._give_up, stop)
        finally:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)
            await self._sandbox.close()

    async def _handle(self, stream: str, entries: Sequence[Entry]) -> None:
        for entry in entries:
            item = decode_item(entry.value)
            try:
                await self._analyse(item)
            except InputError as error:
                # The dump is at fault, for good: it goes before a person, and its neighbours go on.
                letter = dead_letter(GROUP, error, device=item.device, record=entry.value)
                await bury(self._redis, self._keys, partition_in(stream), letter)

    async def _analyse(self, item: DumpItem) -> None:
        started_ms, began = time.time_ns() // 1_000_000, time.monotonic()
        build_id = item.metadata.build_id.hex()
        firmware = find_firmware(self._store, build_id, item.linked)
        report = await self._report(item, firmware)
        if not build_id and report.firmware.build_id:  # the dump itself names its firmware
            build_id = report.firmware.build_id
            if firmware is None and (firmware := find_firmware(self._store, build_id)) is not None:
                report = await self._report(item, firmware)
        seconds = round(time.monotonic() - began, 3)
        linked = "" if firmware is None else firmware.linked
        event = crash_event(report, item, build_id, linked=linked, started_ms=started_ms, seconds=seconds)
        await self._publish(event, report)
        DUMPS_ANALYSED.labels("yes" if report.symbolized else "no").inc()
        ANALYSIS_SECONDS.observe(time.monotonic() - began)
        log.info(
            "crash",
            device=item.device,
            title=report.fault.title,
            event_id=event.id,
            symbolized=report.symbolized,
            ms=round((time.monotonic() - began) * 1000),
        )
        if build_id and not item.linked and (firmware is None or firmware.linked):
            # A linked firmware stands in: the dump waits for its own all the same.
            await park(self._redis, self._settings, build_id, item)
            now = find_firmware(self._store, build_id)
            if now is not None and (firmware is None or now.linked != linked):  # it was added while we were at it
                await self._analyse(item)

    async def _report(self, item: DumpItem, firmware: FoundFirmware | None) -> Report:
        dump = self._store.path(dump_key(item.sha256))
        # Who chose a firmware by hand knows that it has another build id: what the contents say counts.
        build_id = "" if firmware is not None and firmware.linked else item.metadata.build_id.hex()
        index = None if firmware is None else str(firmware.index)
        request = AnalyseDump(str(dump), index, build_id, tuple(item.missing))
        try:
            reply = await self._sandbox.ask(request)
        except AnalysisDied:  # somebody may have killed it; twice in a row it is the dump
            reply = await self._sandbox.ask(request)
        if not isinstance(reply, Analysed):
            raise TypeError(f"asked for a report, got {type(reply).__name__}")
        return decode_report(reply.report)

    async def _publish(self, event: CrashEvent, report: Report) -> None:
        """Report into the store, event into the stream and to the broker, in that order."""
        await asyncio.to_thread(self._store.put, event.data.report, msgspec.json.encode(report))
        payload = encode_event(event)
        with stream_errors():
            await self._redis.xadd(self._keys.events, {"event": payload, "id": event.id, "device": event.subject})
        await self._publisher.publish(self._settings.topics.crash_event(event.subject), payload)
        EVENTS_PUBLISHED.inc()

    async def _give_up(self, entry: Entry, error: FaultcastError) -> None:
        letter = dead_letter(GROUP, error, record=entry.value)
        await bury(self._redis, self._keys, partition_in(entry.stream), letter)


def plumbing_of(settings: Settings) -> Path | None:
    """The file with more plumbing, if there is one."""
    return Path(settings.plumbing) if settings.plumbing else None


def main(settings: Settings) -> None:
    """Run one analyzer worker until a signal stops it."""
    if (plumbing := plumbing_of(settings)) is not None:
        read_plumbing(plumbing)  # a list that cannot be used is said now, not at the first dump
    store = FolderStore(settings.store)

    async def work(stop: asyncio.Event) -> None:
        publisher = Publisher(settings, f"faultcast-analyzer-{settings.worker}")
        async with connect_streams(settings) as redis:
            await AnalyzerWorker(settings, redis, store, publisher).run(stop)

    run_worker(settings, GROUP, work, dependency_checks(settings, store))
