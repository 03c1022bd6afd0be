"""What samples say about stages and workers. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from console.operations.lag import STAGES, Rate, Sample, StreamLag, Worker

ALIVE_MS: Final = 10_000
"""A worker that asks for work more often is there."""
LEFT_MS: Final = 86_400_000
"""One that was silent for so long and holds nothing has left; Redis keeps its name."""


class WorkerState(StrEnum):
    """What can be told of a worker from outside."""

    IDLE = "idle"
    WORKING = "working"
    SILENT = "silent"
    QUIET = "quiet"
    """Had nothing to do for a while, on a Redis that does not tell whether it asks."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage over all partitions; times in milliseconds."""

    name: str
    entries: int
    pending: int
    waits_ms: int | None
    """How long the oldest entry waits."""
    rate: Rate | None
    workers: int
    """That are there."""

    @property
    def is_stuck(self) -> bool:
        """Whether there is work and nobody to do it."""
        return self.entries > 0 and self.workers == 0


@dataclass(frozen=True, slots=True)
class Partition:
    """The streams of a partition, by stage; None where there is no such stream."""

    number: int
    lags: tuple[StreamLag | None, ...]


def state_of(worker: Worker, busy_ms: int) -> WorkerState:
    """Whether a worker is there; `busy_ms` is how long a piece of work may keep it from asking for more."""
    if worker.idle_ms < ALIVE_MS:
        return WorkerState.WORKING if worker.pending else WorkerState.IDLE
    if worker.pending and worker.idle_ms < busy_ms:
        return WorkerState.WORKING
    return WorkerState.SILENT if worker.pending or worker.asks else WorkerState.QUIET


def shown_workers(workers: Iterable[Worker], busy_ms: int) -> tuple[list[tuple[Worker, WorkerState]], int]:
    """Workers with their states, without those that left, and how many of these there are."""
    every = list(workers)
    shown = [each for each in every if each.idle_ms < LEFT_MS or each.pending]
    return [(each, state_of(each, busy_ms)) for each in shown], len(every) - len(shown)


def stages_of(sample: Sample, rates: Mapping[str, Rate], busy_ms: int, now_ms: int) -> list[Stage]:
    """Every stage, in the order of the work."""
    found: list[Stage] = []
    for name in STAGES:
        lags = [each for each in sample.lags if each.stage == name]
        oldest = min((each.oldest_ms for each in lags if each.oldest_ms is not None), default=None)
        waits_ms = None if oldest is None else max(0, now_ms - oldest)
        # Work that lies there would have been taken by one who is there.
        away = {WorkerState.SILENT, WorkerState.QUIET} if (waits_ms or 0) > ALIVE_MS else {WorkerState.SILENT}
        alive = [each for each in sample.workers if each.stage == name and state_of(each, busy_ms) not in away]
        found.append(
            Stage(
                name=name,
                entries=sum(each.entries for each in lags),
                pending=sum(each.pending for each in lags),
                waits_ms=waits_ms,
                rate=rates.get(name),
                workers=len(alive),
            )
        )
    return found


def partitions_of(lags: Sequence[StreamLag], partitions: int) -> list[Partition]:
    """Every partition that is configured."""
    known = {(each.partition, each.stage): each for each in lags}
    return [Partition(number, tuple(known.get((number, stage)) for stage in STAGES)) for number in range(partitions)]
