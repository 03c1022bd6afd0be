"""Crash events as the API answers them."""

from typing import Self

from pydantic import BaseModel, Field

from console.events.chart import Counts
from console.events.query import CrashRow
from console.web.moment import rfc3339


class Event(BaseModel):
    """A crash of a device, in the shape of a table's row; `/crashes/{event_id}` has all of it."""

    event_id: str = Field(description="UUID of the crash: the `id` of its event.")
    time: str = Field(description="RFC 3339: when its first chunk arrived.")
    revision: int = Field(description="How good its analysis could be: 1 to 4.")
    change: int = Field(description="Counts up over all crashes; of two answers the higher one is newer.")
    device: str
    title: str = Field(description="One line for people.")
    kind: str = Field(description="Stable slug of the fault.")
    function: str | None = Field(description="Innermost function with a name.")
    file: str | None
    line: int | None
    thread: str | None
    trust: str = Field(description="How far the call stack can be believed: the weakest of its innermost frames.")
    symbolized: bool = Field(description="Whether the firmware was known.")
    complete: bool = Field(description="Whether the whole dump arrived.")
    architecture: str
    build_id: str
    firmware: str
    version: str
    board: str
    os: str
    fingerprint: str = Field(description="The same for crashes with the same cause.")
    group: int | None = Field(description="Id of the group that it belongs to.")
    uptime_ms: int | None = Field(description="Milliseconds from boot to crash.")
    sha256: str = Field(description="Of the dump.")
    size: int = Field(description="Of the dump, in bytes.")

    @classmethod
    def of(cls, row: CrashRow) -> Self:
        """From a row."""
        return cls(
            event_id=row.event_id,
            time=rfc3339(row.time_ms),
            revision=row.revision,
            change=row.change,
            device=row.device,
            title=row.title,
            kind=row.kind,
            function=row.function,
            file=row.file,
            line=row.line,
            thread=row.thread,
            trust=row.trust,
            symbolized=row.symbolized,
            complete=row.complete,
            architecture=row.architecture,
            build_id=row.build_id,
            firmware=row.firmware,
            version=row.version,
            board=row.board,
            os=row.os,
            fingerprint=row.fingerprint,
            group=row.group_id,
            uptime_ms=row.uptime_ms,
            sha256=row.sha256,
            size=row.size,
        )


class EventPage(BaseModel):
    """Crashes, newest first."""

    items: list[Event]
    next: str | None = Field(description="Cursor of the older ones; null where there are none.")
    previous: str | None = Field(description="Cursor of the newer ones.")
    change: int = Field(description="Newest change that is in it: follow what comes by /events/live?after=…")


class EventCounts(BaseModel):
    """Crashes over time."""

    total: int
    more: bool = Field(description="Whether counting ended before all were counted; older ones are in no bar then.")
    since: str = Field(description="RFC 3339: where the first bar begins.")
    step_ms: int = Field(description="Length of a bar in milliseconds.")
    counts: list[int] = Field(description="Crashes of each bar, the oldest first.")

    @classmethod
    def of(cls, counts: Counts) -> Self:
        """From counts."""
        return cls(
            total=counts.total,
            more=not counts.is_whole,
            since=rfc3339(counts.first_ms),
            step_ms=counts.step_ms,
            counts=list(counts.bars),
        )
