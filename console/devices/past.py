"""The past of a device, from the times of its crashes and what each was: days, builds, reboot loops. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from console.intake.loops import CRASHES, WITHIN_MS
from console.web.daily import DAY_MS

DAYS: Final = 30
RECENT_MS: Final = DAY_MS
"""A loop that is not older may still go on."""

Build = tuple[str, str, str]
"""Version, name of the firmware, build id."""


@dataclass(frozen=True, slots=True)
class BuildSpan:
    """A build that the device crashed with; times in Unix milliseconds."""

    version: str
    firmware: str
    build_id: str
    crashes: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Loop:
    """Crashes of which any three that follow each other are within ten minutes; times in Unix milliseconds."""

    first_ms: int
    last_ms: int
    crashes: int


def days_of(times: Sequence[int], now_ms: int) -> tuple[int, ...]:
    """Crashes on each of the last 30 days (UTC), today last."""
    counted = Counter(time // DAY_MS for time in times)
    today = now_ms // DAY_MS
    return tuple(counted[day] for day in range(today - DAYS + 1, today + 1))


def builds_of(crashes: Sequence[tuple[int, int]], builds: Mapping[int, Build]) -> list[BuildSpan]:
    """Builds with their first and last crash, the one that crashed last first.

    A crash is its time and the profile that names its build.
    """
    times: dict[Build, list[int]] = {}
    for time, profile in crashes:
        times.setdefault(builds[profile], []).append(time)
    spans = [BuildSpan(*build, len(each), min(each), max(each)) for build, each in times.items()]
    return sorted(spans, key=lambda span: span.last_ms, reverse=True)


def loops_of(times: Sequence[int]) -> list[Loop]:
    """The reboot loops in ascending times, the latest first."""
    ranges: list[tuple[int, int]] = []
    for end in range(CRASHES - 1, len(times)):
        start = end - CRASHES + 1
        if times[end] - times[start] > WITHIN_MS:
            continue
        if ranges and start <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], end)
        else:
            ranges.append((start, end))
    return [Loop(times[start], times[end], end - start + 1) for start, end in reversed(ranges)]


def is_recent(loop_ms: int | None, now_ms: int) -> bool:
    """Whether a device may still be in its reboot loop."""
    return loop_ms is not None and now_ms - loop_ms < RECENT_MS
