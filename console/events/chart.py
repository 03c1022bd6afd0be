"""Counts of crashes over time, and how many there are."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.tables import Crash, CrashDay, CrashHour, Profile
from console.events import match, plan
from console.events.filter import EventFilter
from console.events.query import COUNTED

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
BARS: Final = 60
"""Bars of a chart, about."""
_STEPS: Final = (60_000, 300_000, 900_000, *(each * HOUR_MS for each in (1, 3, 6, 12, 24, 72, 168, 672, 2688, 8760)))


@dataclass(frozen=True, slots=True)
class Counts:
    """Crashes in equal steps of time; the first bar begins at `first_ms`."""

    first_ms: int
    step_ms: int
    bars: tuple[int, ...]
    total: int
    is_whole: bool
    """False where counting ended at 10,000: there are more, and older ones are in no bar."""


def step_for(range_ms: int, least_ms: int) -> int:
    """The step that makes about `BARS` bars of a range."""
    return next((each for each in _STEPS if each >= least_ms and range_ms / each <= BARS), _STEPS[-1])


async def counts_of(session: AsyncSession, asked: EventFilter, now_ms: int) -> Counts:
    """How many crashes fit, over the time that is asked for or that there are crashes of."""
    chosen = plan.choose(await plan.sources(session, asked))
    first, last = await _range(session, asked, chosen, now_ms)
    if chosen.is_empty or first > last:
        return Counts(first, HOUR_MS, (), 0, is_whole=True)
    # Hours and days are counted already. They serve where a range covers many, and each profile fits as a whole.
    is_hourly = asked.asks_profile_only and (not asked.asks_time or last - first >= 24 * HOUR_MS)
    if is_hourly:
        step = step_for(last - first, HOUR_MS)
        rows = await session.execute(_counted(asked, first, last, step))
        found = {int(bucket): int(count) for bucket, count in rows}
        return _counts(found, first, last, step, is_whole=True)
    step = step_for(last - first, 0)
    newest = plan.crashes_of(chosen, asked, now_ms)
    time, number = plan.newest(chosen)
    some = newest.order_by(time.desc(), number.desc()).limit(COUNTED + 1).subquery()
    bucket = some.c.time_ms // step
    rows = (await session.execute(select(bucket, func.count()).group_by(bucket))).all()
    found = {int(each): int(count) for each, count in rows}
    return _counts(found, first, last, step, is_whole=sum(found.values()) <= COUNTED)


async def _range(session: AsyncSession, asked: EventFilter, chosen: plan.Plan, now_ms: int) -> tuple[int, int]:
    """First and last millisecond of a chart."""
    first, last = chosen.first_ms, chosen.last_ms
    if first is None or last is None:
        numbers = select(func.coalesce(func.min(Profile.first_ms), now_ms), func.max(Profile.last_ms))
        first, last = (await session.execute(numbers)).one()
    first = asked.since.at(now_ms) if asked.since else first
    last = asked.until.at(now_ms) - 1 if asked.until else max(now_ms, last or now_ms)
    return first, last


def _counted(asked: EventFilter, first_ms: int, last_ms: int, step_ms: int) -> Select[*tuple[Any, ...]]:
    """Bars and their crashes, from the counters with the longest steps that serve."""
    if step_ms % DAY_MS:
        table, time, unit_ms = CrashHour, CrashHour.hour, HOUR_MS
    else:
        table, time, unit_ms = CrashDay, CrashDay.day, DAY_MS
    bucket = time // (step_ms // unit_ms)
    counts = select(bucket, func.sum(table.crashes)).where(time.between(first_ms // unit_ms, last_ms // unit_ms))
    fitting = match.profiles(asked)
    return (counts if fitting is None else counts.where(table.profile_id.in_(fitting))).group_by(bucket)


def _counts(found: dict[int, int], first_ms: int, last_ms: int, step_ms: int, *, is_whole: bool) -> Counts:
    first, last = first_ms // step_ms, last_ms // step_ms
    # A range of years in minutes is no chart: what is asked for so is cut at its newest bars.
    first = max(first, last - 4 * BARS)
    bars = tuple(found.get(each, 0) for each in range(first, last + 1))
    return Counts(first * step_ms, step_ms, bars, sum(found.values()), is_whole)


async def has_crashes(session: AsyncSession) -> bool:
    """Whether there is anything to look at."""
    return (await session.execute(select(Crash.id).limit(1))).first() is not None
