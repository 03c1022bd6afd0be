"""The state of an installation as the API writes it; sizes in bytes, times RFC 3339."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field

from console.operations.dead_letters import MOST, Letter
from console.operations.health import WorkerState
from console.operations.lag import STAGES
from console.operations.overview import Overview, Streams
from console.web.parameters import Line


class StageInfo(BaseModel):
    """A stage over all partitions."""

    stage: Literal["reassembler", "analyzer"]
    entries: int = Field(description="That wait or are worked on.")
    pending: int = Field(description="Of these, in the hands of a worker.")
    waits_ms: int | None = Field(description="How long the oldest entry waits.")
    arriving: float | None = Field(description="Entries per second, while somebody looks; null before.")
    finished: float | None = Field(description="Entries per second, while somebody looks; null before.")
    workers: int = Field(description="That are there.")


class StreamInfo(BaseModel):
    """One stream of one partition."""

    partition: int
    stage: str
    entries: int
    pending: int
    oldest: datetime | None


class WorkerInfo(BaseModel):
    """A worker that Redis knows."""

    stage: str
    name: str
    state: WorkerState
    pending: int
    idle_ms: int


class RedisInfo(BaseModel):
    """What Redis tells."""

    stages: list[StageInfo]
    streams: list[StreamInfo]
    workers: list[WorkerInfo]
    dead_letters: int
    memory: int
    max_memory: int = Field(description="0 where there is no limit.")

    @classmethod
    def of(cls, streams: Streams) -> Self:
        """From what was seen."""
        return cls(
            stages=[
                StageInfo(
                    stage="reassembler" if each.name == STAGES[0] else "analyzer",
                    entries=each.entries,
                    pending=each.pending,
                    waits_ms=each.waits_ms,
                    arriving=each.rate.arriving if each.rate else None,
                    finished=each.rate.finished if each.rate else None,
                    workers=each.workers,
                )
                for each in streams.stages
            ],
            streams=[
                StreamInfo(
                    partition=lag.partition,
                    stage=lag.stage,
                    entries=lag.entries,
                    pending=lag.pending,
                    oldest=_time(lag.oldest_ms),
                )
                for each in streams.partitions
                for lag in each.lags
                if lag is not None
            ],
            workers=[
                WorkerInfo(stage=each.stage, name=each.name, state=state, pending=each.pending, idle_ms=each.idle_ms)
                for each, state in streams.workers
            ],
            dead_letters=streams.dead_letters,
            memory=streams.memory.used,
            max_memory=streams.memory.most,
        )


class IntakeInfo(BaseModel):
    """Crash events on their way into the database."""

    behind_ms: int
    entries_left: int = Field(description="An estimate.")
    rate: float = Field(description="Events per second, of late.")


class DiskInfo(BaseModel):
    """A file system."""

    total: int
    free: int


class State(BaseModel):
    """The state of an installation."""

    redis: RedisInfo | None = Field(description="Null while Redis does not answer.")
    problem: str = Field(description="Why it does not.")
    intake: IntakeInfo
    database: int
    store: int | None = Field(description="Null before it was counted, which takes a while.")
    store_objects: int | None
    store_counted: datetime | None
    store_disk: DiskInfo | None

    @classmethod
    def of(cls, seen: Overview) -> Self:
        """From what was seen."""
        disk = seen.store_disk
        return cls(
            redis=RedisInfo.of(seen.streams) if seen.streams else None,
            problem=seen.problem,
            intake=IntakeInfo(
                behind_ms=seen.intake.behind_ms, entries_left=seen.intake.entries_left, rate=seen.intake.rate
            ),
            database=seen.database,
            store=seen.store.size if seen.store else None,
            store_objects=seen.store.objects if seen.store else None,
            store_counted=_time(seen.store.at_ms) if seen.store else None,
            store_disk=DiskInfo(total=disk.total, free=disk.free) if disk else None,
        )


class LetterInfo(BaseModel):
    """A piece of work that was given up."""

    partition: int
    id: str
    stage: str
    code: str = Field(description="Stable code of the reason.")
    reason: str
    device: str
    time: datetime | None
    work: str = Field(description="What it was; empty where that cannot be told.")
    size: int = Field(description="Of what was kept of it.")
    retryable: bool

    @classmethod
    def of(cls, letter: Letter) -> Self:
        """From the letter."""
        return cls(
            partition=letter.partition,
            id=letter.id,
            stage=letter.letter.stage,
            code=letter.letter.code,
            reason=letter.letter.reason,
            device=letter.letter.device,
            time=_time(letter.letter.at_ms),
            work=letter.work,
            size=len(letter.letter.record),
            retryable=letter.is_retryable,
        )


class Letters(BaseModel):
    """The newest dead letters."""

    items: list[LetterInfo]
    total: int


class LettersQuery(BaseModel):
    """How many letters."""

    limit: Annotated[int, Field(ge=1, le=MOST)] = MOST


class Reason(BaseModel):
    """Which letters: those of a stage with a code."""

    stage: Annotated[Line, Field(min_length=1, max_length=64)]
    code: Annotated[Line, Field(min_length=1, max_length=64)]


class DoneInfo(BaseModel):
    """What was done to the letters of a reason."""

    done: int
    kept: int = Field(description="Could not be tried again: only a part of their work was kept.")
    all: bool = Field(description="False where there were too many for one request: ask again.")


_LATEST_MS = 253_402_300_799_000


def _time(unix_ms: int | None) -> datetime | None:
    return None if unix_ms is None else datetime.fromtimestamp(min(max(unix_ms, 0), _LATEST_MS) / 1000, UTC)
