"""How far the stages are behind, which workers there are, and how fast work goes through."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from contract.records import Keys
from runtime.streams import stream_errors

STAGES: Final = ("reassembler", "analyzer")
"""Stages that read streams; each is the name of its consumer group."""


@dataclass(frozen=True, slots=True)
class StreamLag:
    """One stream of one partition."""

    stage: str
    """That reads it."""
    partition: int
    entries: int
    """Not done with yet: they are deleted once they are."""
    pending: int
    """Of these, in the hands of a worker."""
    added: int
    """Ever since the stream is there: what rates are computed from."""
    oldest_ms: int | None
    """When the oldest one was added, Unix milliseconds."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A member of a consumer group, over all partitions."""

    stage: str
    name: str
    pending: int
    idle_ms: int
    """Since it last asked for work; it does twice a second, and less often while it works."""
    asks: bool = True
    """Whether that is what `idle_ms` says: before 7.2 Redis only tells when it last got some."""


@dataclass(frozen=True, slots=True)
class Sample:
    """All of it at one moment."""

    at: float
    """Seconds of a clock that never goes back."""
    lags: tuple[StreamLag, ...]
    workers: tuple[Worker, ...]


@dataclass(frozen=True, slots=True)
class Rate:
    """What a stage gets and does, in entries per second."""

    arriving: float
    finished: float


def rates(before: Sample, after: Sample) -> dict[str, Rate]:
    """What happened between two samples, by stage; empty where no time went by."""
    seconds = after.at - before.at
    if seconds <= 0:
        return {}
    known = {(lag.stage, lag.partition): lag for lag in before.lags}
    found: dict[str, Rate] = {}
    for stage in STAGES:
        arrived = finished = 0
        for lag in after.lags:
            earlier = known.get((lag.stage, lag.partition))
            if lag.stage != stage or earlier is None or lag.added < earlier.added:
                continue  # a stream that was made anew
            came = lag.added - earlier.added
            arrived += came
            finished += max(0, came + earlier.entries - lag.entries)
        found[stage] = Rate(arrived / seconds, finished / seconds)
    return found


async def take_sample(redis: Redis, keys: Keys, partitions: int) -> Sample:
    """Ask Redis; raises `StreamsUnavailable`."""
    streams = [
        (stage, partition, name(partition))
        for stage, name in zip(STAGES, (keys.chunks, keys.dumps), strict=True)
        for partition in range(partitions)
    ]
    with stream_errors():
        async with redis.pipeline(transaction=False) as pipe:
            for stage, _, stream in streams:
                pipe.xinfo_stream(stream)
                pipe.xpending(stream, stage)
                pipe.xinfo_consumers(stream, stage)
            replies = await pipe.execute(raise_on_error=False)
    for reply in replies:  # a stream or a group that nobody has made yet
        if isinstance(reply, Exception) and not isinstance(reply, ResponseError):
            with stream_errors():
                raise reply
    lags: list[StreamLag] = []
    workers: dict[tuple[str, str], Worker] = {}
    for (stage, partition, _), at in zip(streams, range(0, len(replies), 3), strict=True):
        facts, pending, consumers = replies[at : at + 3]
        if isinstance(facts, Exception):
            continue
        lags.append(_lag(stage, partition, facts, pending))
        for each in () if isinstance(consumers, Exception) else consumers:
            worker = _worker(stage, cast("Mapping[str, Any]", each))
            known = workers.get((stage, worker.name))
            if known is not None:
                pending, idle_ms = worker.pending + known.pending, min(worker.idle_ms, known.idle_ms)
                worker = Worker(stage, worker.name, pending, idle_ms, worker.asks)
            workers[stage, worker.name] = worker
    return Sample(time.monotonic(), tuple(lags), tuple(workers[key] for key in sorted(workers)))


def _lag(stage: str, partition: int, facts: Mapping[str, Any], pending: Mapping[str, Any] | Exception) -> StreamLag:
    first = facts.get("first-entry")
    return StreamLag(
        stage=stage,
        partition=partition,
        entries=int(facts["length"]),
        pending=0 if isinstance(pending, Exception) else int(pending["pending"]),
        added=int(facts.get("entries-added", 0)),
        oldest_ms=int(first[0].split(b"-")[0]) if first else None,
    )


def _worker(stage: str, facts: Mapping[str, Any]) -> Worker:
    name = facts["name"].decode("utf-8", "replace")
    return Worker(stage, name, int(facts["pending"]), int(facts["idle"]), "inactive" in facts)
