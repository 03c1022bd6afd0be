"""The past of a device, from counts and times of its crashes: days, builds, reboot loops. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from console.intake.loops import CRASHES, WITHIN_MS
from console.web.daily import DAY_MS

DAYS: Final = 30
RECENT_MS: Final = DAY_MS
"""A loop that is not older may still go on."""

Build = tuple[str, str, str]
"""Version, name of the firmware, build id."""
ProfileSpan = tuple[int, int, int, int]
"""A profile: its id, how many crashes, the first and the last one."""


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


def days_of(counted: Mapping[int, int], now_ms: int) -> tuple[int, ...]:
    """Crashes on each of the last 30 days (UTC), today last, from counts of days (Unix time in days)."""
    today = now_ms // DAY_MS
    return tuple(counted.get(day, 0) for day in range(today - DAYS + 1, today + 1))


def builds_of(counted: Iterable[ProfileSpan], builds: Mapping[int, Build]) -> list[BuildSpan]:
    """Builds with their first and last crash, the one that crashed last first; several profiles are of one build."""
    found: dict[Build, BuildSpan] = {}
    for profile, crashes, first_ms, last_ms in counted:
        build = builds[profile]
        known = found.get(build, BuildSpan(*build, 0, first_ms, last_ms))
        found[build] = replace(
            known,
            crashes=known.crashes + crashes,
            first_ms=min(known.first_ms, first_ms),
            last_ms=max(known.last_ms, last_ms),
        )
    return sorted(found.values(), key=lambda span: span.last_ms, reverse=True)


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
