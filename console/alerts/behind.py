"""Stages that do not keep up, and when to tell of it again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from console.operations.lag import STAGES, StreamLag

AGAIN_MS: Final = 6 * 3_600_000
"""What lasts is told again after so long."""
FLAPPING_MS: Final = 15 * 60_000
"""What ended and came back is not told again within so long."""


@dataclass(frozen=True, slots=True)
class Behind:
    """A stage that does not keep up; how long its oldest entry waits in milliseconds."""

    stage: str
    entries: int
    oldest_ms: int
    partitions: tuple[int, ...]
    """Those with entries that wait, the fullest first."""


def behind(lags: Sequence[StreamLag], threshold: int, minutes: int, now: int) -> list[Behind]:
    """The stages in which so many entries wait, or the oldest of a partition for so long; 0 asks for neither."""
    found: list[Behind] = []
    for stage in STAGES:
        waiting = [each for each in lags if each.stage == stage and each.entries]
        entries = sum(each.entries for each in waiting)
        oldest = max((now - each.oldest_ms for each in waiting if each.oldest_ms is not None), default=0)
        if (threshold and entries >= threshold) or (minutes and oldest >= minutes * 60_000):
            fullest = sorted(waiting, key=lambda each: (-each.entries, each.partition))
            found.append(Behind(stage, entries, max(oldest, 0), tuple(each.partition for each in fullest)))
    return found


def is_due(last_ms: int | None, now: int, *, lasted: bool) -> bool:
    """Whether to tell what is so; `last_ms` is when it was told last, `lasted` whether it was so at the last look."""
    return last_ms is None or now - last_ms >= (AGAIN_MS if lasted else FLAPPING_MS)
