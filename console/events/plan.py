"""Which index a question about crashes walks.

Few profiles, devices or values of an attribute: their crashes are fetched and sorted. Exactly one: its index has them
in the order of time already. Otherwise the index of time is walked, newest first, and who does not fit is passed over;
what is common is met soon that way.
"""

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.tables import Crash, CrashAttribute, Device, Profile
from console.events import match
from console.events.filter import ATTRIBUTE, EventFilter

PROFILE: Final = "profile"
DEVICE: Final = "device"
FEW: Final = 10_000
"""Crashes that may be fetched and sorted for a page."""


@dataclass(frozen=True, slots=True)
class Source:
    """Crashes by something they share; `name` is `profile`, `device`, or a key of the metadata."""

    name: str
    ids: tuple[int, ...]
    crashes: int
    first_ms: int
    last_ms: int
    values: tuple[str, ...] = ()

    @property
    def is_single(self) -> bool:
        """Whether one run of an index holds all of it, sorted by time."""
        return len(self.ids or self.values) == 1

    @property
    def is_walkable(self) -> bool:
        """Whether a page can come from it at a bounded price."""
        return self.is_single or self.crashes <= FEW


@dataclass(frozen=True, slots=True)
class Plan:
    """Where crashes come from: one source, or all of time between the first and the last that can fit."""

    source: Source | None
    first_ms: int | None
    last_ms: int | None
    is_empty: bool = False


def choose(sources: list[Source]) -> Plan:
    """The plan for a filter that asks for all of `sources` at once."""
    bounded = [each for each in sources if each.name in (PROFILE, DEVICE)]
    first = max((each.first_ms for each in bounded), default=None)
    last = min((each.last_ms for each in bounded), default=None)
    if any(not each.crashes for each in sources):
        return Plan(None, first, last, is_empty=True)
    walkable = [each for each in sources if each.is_walkable]
    # Of one source's run a page is found the sooner, the less of it the others refuse: the smallest is the best guess.
    return Plan(min(walkable, key=lambda each: each.crashes, default=None), first, last)


async def sources(session: AsyncSession, asked: EventFilter) -> list[Source]:
    """What a filter asks for, with how many crashes there are of it."""
    found: list[Source] = []
    if (fitting := match.profiles(asked)) is not None:
        found.append(await _source(session, PROFILE, fitting, Profile))
    if (those := match.devices(asked)) is not None:
        found.append(await _source(session, DEVICE, those, Device))
    for key, values in asked.attributes:
        having = (CrashAttribute.key == key, CrashAttribute.value.in_(values))
        some = select(CrashAttribute.crash_id).where(*having).limit(FEW + 1).subquery()
        count = (await session.execute(select(func.count()).select_from(some))).scalar_one()
        found.append(Source(ATTRIBUTE + key, (), count, 0, 0, values))
    return found


async def _source(session: AsyncSession, name: str, ids: Select[int], table: type[Profile] | type[Device]) -> Source:
    numbers = select(
        func.coalesce(func.sum(table.crashes), 0),
        func.coalesce(func.min(table.first_ms), 0),
        func.coalesce(func.max(table.last_ms), 0),
    ).where(table.id.in_(ids))
    crashes, first, last = (await session.execute(numbers)).one()
    # One id is enough to know whether there is just one.
    named = tuple(await session.scalars(ids.limit(2))) if crashes else ()
    return Source(name, named, int(crashes), first, last)


def crashes_of(plan: Plan, asked: EventFilter, now_ms: int) -> Select[int, int]:
    """Id and time of the crashes that fit, as the plan wants them found; without order and limit."""
    source = plan.source
    rest = asked if source is None else _without(asked, source)
    time = newest(plan)[0] if source is None or source.is_single else Crash.time_ms.expression
    chosen = select(Crash.id, Crash.time_ms).where(*match.conditions(rest), *match.times(asked, time, now_ms))
    if plan.first_ms is not None and plan.last_ms is not None:
        chosen = chosen.where(time.between(plan.first_ms, plan.last_ms))
    if source is None:
        return chosen
    if source.name in (PROFILE, DEVICE):
        ids = match.profiles(asked) if source.name == PROFILE else match.devices(asked)
        column = Crash.profile_id if source.name == PROFILE else Crash.device_id
        return chosen.where(column == source.ids[0] if source.is_single or ids is None else column.in_(ids))
    joined = and_(CrashAttribute.crash_id == Crash.id, CrashAttribute.key == source.name.removeprefix(ATTRIBUTE))
    has = CrashAttribute.value
    return chosen.join(CrashAttribute, joined).where(
        has == source.values[0] if source.is_single else has.in_(source.values)
    )


def _without(asked: EventFilter, source: Source) -> EventFilter:
    """What is left to ask of crashes that come from a source."""
    if source.name == PROFILE:
        return EventFilter(device=asked.device, attributes=asked.attributes)
    if source.name == DEVICE:
        return replace(asked, device=())
    return replace(asked, attributes=tuple(each for each in asked.attributes if ATTRIBUTE + each[0] != source.name))


def newest(plan: Plan) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Time and id that the crashes of a plan are sorted by, written so that the plan's index serves them, or none."""
    source = plan.source
    if source is None or (source.is_single and source.ids):
        return Crash.time_ms.expression, Crash.id.expression
    if source.is_single:
        return CrashAttribute.time_ms.expression, CrashAttribute.crash_id.expression
    return Crash.time_ms + 0, Crash.id.expression
