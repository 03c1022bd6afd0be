"""How far the database is behind the stream: for a banner while a day's outage is caught up with."""

from collections import deque
from dataclasses import dataclass
from typing import Final

WINDOW_SECONDS: Final = 30.0
"""How long the rate looks back."""
CATCHING_UP_MS: Final = 10_000
"""Less than this is not worth a banner."""

EntryId = tuple[int, int]


def entry_id(text: str) -> EntryId:
    """A stream entry's id, to compare it: milliseconds and a number within them; raises `ValueError`."""
    milliseconds, _, number = text.partition("-")
    return int(milliseconds), int(number or 0)


@dataclass(frozen=True, slots=True)
class StreamEnds:
    """What Redis says about a stream."""

    first: EntryId
    """Of the oldest entry that is still there."""
    newest: EntryId
    length: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far intake is; estimates, for Redis keeps no count between two entries."""

    behind_ms: int = 0
    """From the last event that is in the database to the newest one."""
    entries_left: int = 0
    rate: float = 0.0
    """Entries a second, of late."""

    @property
    def seconds_left(self) -> float | None:
        """Until it has caught up; None where that cannot be said."""
        return self.entries_left / self.rate if self.rate > 0 else None

    @property
    def is_catching_up(self) -> bool:
        """Whether people should be told that what they see is old."""
        return self.behind_ms > CATCHING_UP_MS


def progress_of(position: EntryId, ends: StreamEnds, rate: float) -> Progress:
    """Where a position is between the ends of its stream, entries being spread evenly over its time."""
    if position >= ends.newest or not ends.length:
        return Progress(rate=rate)
    start = max(position[0], ends.first[0])
    span = ends.newest[0] - ends.first[0]
    share = (ends.newest[0] - start) / span if span else 1.0
    left = ends.length if position < ends.first else max(1, round(share * ends.length))
    return Progress(behind_ms=ends.newest[0] - start, entries_left=left, rate=rate)


class Pace:
    """How many entries a second have gone in of late."""

    def __init__(self) -> None:
        self._steps: deque[tuple[float, int]] = deque()

    def step(self, now: float, entries: int) -> None:
        """Note entries that went in at a time, in seconds of a clock that never goes back."""
        self._steps.append((now, entries))
        while now - self._steps[0][0] > WINDOW_SECONDS:
            self._steps.popleft()

    def rate(self, now: float) -> float:
        """Entries a second."""
        recent = [(at, entries) for at, entries in self._steps if now - at <= WINDOW_SECONDS]
        if not recent:
            return 0.0
        # The first step's entries were read before it was noted.
        span = now - recent[0][0]
        return sum(entries for _, entries in recent[1:]) / span if span > 0 else 0.0
