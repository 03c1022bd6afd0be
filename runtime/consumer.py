"""The loop of every worker that reads streams: take, hand over, acknowledge; retry, take over, give up.

Entries are acknowledged and deleted only after the handler returned, so a killed worker costs a redelivery and never
an entry. Handlers must be idempotent.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from contract.errors import FaultcastError, ServiceError
from contract.records import FIELD
from runtime.logs import get_logger
from runtime.metrics import ENTRIES_CLAIMED, RETRIES
from runtime.rest import rest
from runtime.streams import stream_errors

log = get_logger(__name__)

BLOCK_MS = 500
"""How long one read waits for entries; also how late a stop is noticed."""
LONGEST_PAUSE = 10.0
"""Seconds between two tries while a dependency is away."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One stream entry."""

    stream: str
    id: bytes
    value: bytes
    """The record, still encoded; empty when the entry has none."""


Handle = Callable[[str, Sequence[Entry]], Awaitable[None]]
"""Deals with entries of one stream. A `ServiceError` means "later"; any other error of a single entry gives it up."""
GiveUp = Callable[[Entry, FaultcastError], Awaitable[None]]
"""Writes an entry to the dead letters."""


class Consumer:
    """One worker's membership in a consumer group over all partitions of a kind of stream."""

    def __init__(
        self,
        redis: Redis,
        streams: Sequence[str],
        *,
        group: str,
        name: str,
        count: int,
        claim_idle_seconds: float,
        max_deliveries: int,
    ) -> None:
        """`count` is how many entries of each stream are taken at a time."""
        self._redis = redis
        self._streams = list(streams)
        self._group = group
        self._name = name
        self._count = count
        self._claim_idle_ms = int(claim_idle_seconds * 1000)
        self._max_deliveries = max_deliveries

    async def create_groups(self) -> None:
        """Make streams and group where they do not exist; existing ones keep their position."""
        for stream in self._streams:
            if await self._has_group(stream):  # a full Redis refuses to create even what is there
                continue
            try:
                await self._redis.xgroup_create(stream, self._group, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    async def run(self, handle: Handle, give_up: GiveUp, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what was taken by then is finished first."""
        own_backlog = True
        next_claim = 0.0
        pause = 0.1
        while not stop.is_set():
            try:
                with stream_errors():
                    if own_backlog:
                        await self.create_groups()
                        batches = await self._read("0")
                        own_backlog = bool(batches)
                    elif time.monotonic() >= next_claim:
                        batches = await self._claim()
                        if not batches:
                            next_claim = time.monotonic() + self._claim_idle_ms / 3000
                    else:
                        batches = await self._read(">")
                for stream, entries in batches:
                    await self._process(stream, entries, handle, give_up, stop)
                pause = 0.1
            except ServiceError as error:
                RETRIES.labels(self._group, error.code).inc()
                log.warning("waiting for a dependency", code=error.code, reason=str(error), seconds=round(pause, 1))
                await rest(stop, pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                own_backlog = True

    async def _process(
        self, stream: str, entries: Sequence[Entry], handle: Handle, give_up: GiveUp, stop: asyncio.Event
    ) -> None:
        try:
            await handle(stream, entries)
        except ServiceError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever an entry does, its neighbours go on)
            if len(entries) > 1:  # find the poison one; its neighbours go on
                for entry in entries:
                    await self._process(stream, [entry], handle, give_up, stop)
                return
            await self._failed(entries[0], error, give_up)
            return
        await self.done(stream, entries)

    async def _failed(self, entry: Entry, error: Exception, give_up: GiveUp) -> None:
        """An error of ours is final; an unexpected one gets as many tries as the limit allows."""
        if isinstance(error, FaultcastError):
            await give_up(entry, error)
            await self.done(entry.stream, [entry])
            return
        deliveries = await self._deliveries(entry)
        log.error(
            "unexpected error", entry=entry.id.decode(), stream=entry.stream, deliveries=deliveries, exc_info=error
        )
        if deliveries >= self._max_deliveries:
            await give_up(entry, FaultcastError(f"{type(error).__name__}: {error}"))
            await self.done(entry.stream, [entry])

    async def done(self, stream: str, entries: Sequence[Entry]) -> None:
        """Delete and acknowledge entries that were dealt with.

        Not as a transaction: a full Redis queues no command, not even one that frees memory. Deleted first, for what
        is acknowledged and not deleted would stay for ever, and what is deleted and not acknowledged is dropped by
        the next claim.
        """
        ids = [entry.id for entry in entries]
        with stream_errors():
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.xdel(stream, *ids)
                pipe.xack(stream, self._group, *ids)
                await pipe.execute()

    async def _has_group(self, stream: str) -> bool:
        try:
            groups = await self._redis.xinfo_groups(stream)
        except ResponseError:  # there is no such stream
            return False
        return any(group["name"] == self._group.encode() for group in groups)

    async def _read(self, position: str) -> list[tuple[str, list[Entry]]]:
        reply: list[Any] = cast(
            "Any",
            await self._redis.xreadgroup(
                self._group,
                self._name,
                dict.fromkeys(self._streams, position),  # type: ignore[arg-type]
                count=self._count,
                block=None if position == "0" else BLOCK_MS,
            ),
        )
        batches = [(stream.decode(), _entries(stream.decode(), raw)) for stream, raw in reply or []]
        return [(stream, entries) for stream, entries in batches if entries]

    async def _claim(self) -> list[tuple[str, list[Entry]]]:
        """Take over what silent workers hold."""
        batches: list[tuple[str, list[Entry]]] = []
        for stream in self._streams:
            reply: list[Any] = await self._redis.xautoclaim(
                stream, self._group, self._name, min_idle_time=self._claim_idle_ms, count=self._count
            )
            entries = _entries(stream, reply[1])
            if entries:
                ENTRIES_CLAIMED.labels(self._group).inc(len(entries))
                log.info("took over work of a silent worker", stream=stream, entries=len(entries))
                batches.append((stream, entries))
        return batches

    async def _deliveries(self, entry: Entry) -> int:
        with stream_errors():
            reply = cast(
                "list[dict[str, Any]]",
                await self._redis.xpending_range(entry.stream, self._group, min=entry.id, max=entry.id, count=1),
            )
        return int(reply[0]["times_delivered"]) if reply else 0


def _entries(stream: str, raw: list[Any]) -> list[Entry]:
    """Entries of a reply; deleted ones come as (id, None) and need no work."""
    return [Entry(stream, id_, fields.get(FIELD, b"")) for id_, fields in raw if fields is not None]
