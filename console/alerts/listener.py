"""Alerts about crashes: written in the transaction that takes the crashes in.

So a process that is killed forgets no alert, and writes none twice: the crashes and what is told of them are there, or
neither is.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from console.alerts import words
from console.alerts.alert import AlertData, CrashFacts, GroupFacts
from console.alerts.facts import Place, crash_facts, fitting, group_facts, places
from console.alerts.outbox import News, active_rules, tell, told_since
from console.alerts.rule import Trigger
from console.alerts.spike import QUIET_MS, latest_spike
from console.database.tables import AlertRule, Crash, Fingerprint, Profile
from console.events import match
from console.events.filter import EventFilter
from console.intake.apply import Applied
from console.people.clock import now_ms

TRIGGERS: Final = (Trigger.NEW_GROUP, Trigger.REGRESSION, Trigger.SPIKE, Trigger.CRASH_LOOP)
LOOP_QUIET_MS: Final = 6 * 3_600_000
MOST_COUNTED: Final = 50_000
"""Crashes that one look for spikes reads."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Something in a batch that a rule may want told: the crash that shows it, and where that counts."""

    key: str
    crash_id: int
    group_id: int
    at_ms: int
    quiet_ms: int = 0
    """It is not told when the same subject was told so shortly before, by the time in its key."""
    count: int = 1


@dataclass(slots=True)
class _Batch:
    applied: Applied
    all: Sequence[Place]
    """Every crash that came or got better."""
    new: Sequence[Place] = field(default=())


def crash_alerts(address: str, clock: Callable[[], int] = now_ms) -> Callable[[AsyncSession, Applied], Awaitable[None]]:
    """The intake's listener; `address` is where people reach the console."""

    async def listen(session: AsyncSession, applied: Applied) -> None:
        if not (applied.crashes or applied.groups or applied.regressions or applied.loops):
            return
        rules = await active_rules(session, TRIGGERS)
        if not rules:
            return
        every = await places(session, [*applied.crashes, *applied.improved])
        new = set(applied.crashes)
        batch = _Batch(applied, every, [each for each in every if each.crash_id in new])
        for rule in rules:
            if seen := await _FINDERS[Trigger(rule.trigger)](session, rule, batch):
                await _tell(session, rule, seen, clock(), address)

    return listen


async def _new_groups(session: AsyncSession, rule: AlertRule, batch: _Batch) -> list[_Seen]:
    made = set(batch.applied.groups)
    shown = [each for each in batch.all if each.group_id in made]
    fits = await fitting(session, rule.query, (each.crash_id for each in shown))
    first: dict[int, Place] = {}
    for each in shown:
        if each.crash_id in fits:
            first.setdefault(each.group_id, each)
    return [_Seen(f"new-group:{group}", each.crash_id, group, each.time_ms) for group, each in first.items()]


async def _regressions(session: AsyncSession, rule: AlertRule, batch: _Batch) -> list[_Seen]:
    found = batch.applied.regressions
    fits = await fitting(session, rule.query, (each.crash_id for each in found))
    return [
        _Seen(
            f"regression:{each.group_id}:{each.crash_id}",
            each.crash_id,
            each.group_id,
            each.at_ms,
        )
        for each in found
        if each.crash_id in fits
    ]


async def _loops(session: AsyncSession, rule: AlertRule, batch: _Batch) -> list[_Seen]:
    times = {each.device_id: each.at_ms for each in batch.applied.loops}
    last = {each.device_id: each for each in batch.all if each.time_ms <= times.get(each.device_id, -1)}
    fits = await fitting(session, rule.query, (each.crash_id for each in last.values()))
    return [
        _Seen(
            f"crash-loop:{device}:{times[device]}",
            each.crash_id,
            each.group_id,
            times[device],
            quiet_ms=LOOP_QUIET_MS,
        )
        for device, each in last.items()
        if each.crash_id in fits
    ]


async def _spikes(session: AsyncSession, rule: AlertRule, batch: _Batch) -> list[_Seen]:
    window = rule.minutes * 60_000
    fits = await fitting(session, rule.query, (each.crash_id for each in batch.new))
    fresh: dict[int, dict[int, int]] = {}
    for each in batch.new:
        if each.crash_id in fits:
            fresh.setdefault(each.group_id, {})[each.time_ms] = each.crash_id
    if not fresh:
        return []
    times = await _times(session, rule, fresh, window)
    found: list[_Seen] = []
    for group, crashes in fresh.items():
        spike = latest_spike(times.get(group, []), crashes, rule.threshold, window)
        if spike is not None:
            at, count = spike
            key = f"spike:{group}:{at}"
            found.append(_Seen(key, crashes[at], group, at, max(QUIET_MS, window), count))
    return found


async def _times(
    session: AsyncSession, rule: AlertRule, fresh: Mapping[int, Mapping[int, int]], window: int
) -> dict[int, list[int]]:
    """When groups crashed, as far as windows reach that end at a fresh crash."""
    conditions = match.conditions(EventFilter.parse(rule.query)) if rule.query else []
    profiles = (
        select(Profile.id, Fingerprint.group_id)
        .join(Fingerprint, Fingerprint.fingerprint == Profile.fingerprint)
        .where(Fingerprint.group_id.in_(fresh))
    )
    group_of = dict((await session.execute(profiles)).all())
    ends = [time for crashes in fresh.values() for time in crashes]
    rows = await session.execute(
        select(Crash.profile_id, Crash.time_ms)
        .where(Crash.profile_id.in_(group_of), Crash.time_ms.between(min(ends) - window, max(ends)), *conditions)
        .order_by(Crash.time_ms.desc())
        .limit(MOST_COUNTED)
    )
    times: dict[int, list[int]] = {}
    for profile, time in rows:
        times.setdefault(group_of[profile], []).append(time)
    return {group: each[::-1] for group, each in times.items()}


_Finder = Callable[[AsyncSession, AlertRule, _Batch], Awaitable[list[_Seen]]]
_FINDERS: Final[Mapping[Trigger, _Finder]] = {
    Trigger.NEW_GROUP: _new_groups,
    Trigger.REGRESSION: _regressions,
    Trigger.CRASH_LOOP: _loops,
    Trigger.SPIKE: _spikes,
}


async def _tell(session: AsyncSession, rule: AlertRule, found: Sequence[_Seen], now: int, address: str) -> None:
    quiet = max(each.quiet_ms for each in found)
    told = _last_told(await told_since(session, rule, now - 2 * quiet)) if quiet else {}
    wanted = [each for each in found if each.at_ms - told.get(each.key.rpartition(":")[0], 0) >= each.quiet_ms]
    if not wanted:
        return
    groups = await group_facts(session, (each.group_id for each in wanted), address)
    crashes = await crash_facts(session, (each.crash_id for each in wanted), address)
    news = [
        News(
            each.key,
            f"device {crash.device}" if rule.trigger == Trigger.CRASH_LOOP else f"group {each.group_id}",
            each.at_ms,
            _words(rule, each, crash, groups[each.group_id], address),
        )
        for each in wanted
        if (crash := crashes.get(each.crash_id)) is not None
    ]
    await tell(session, rule, news, now, address)


def _words(rule: AlertRule, seen: _Seen, crash: CrashFacts, group: GroupFacts, address: str) -> AlertData:
    if rule.trigger == Trigger.CRASH_LOOP:
        return words.crash_loop(rule.name, crash, group, address)
    if rule.trigger == Trigger.SPIKE:
        return words.spike(rule.name, group, crash, seen.count, rule.minutes)
    if rule.trigger == Trigger.REGRESSION:
        return words.regression(rule.name, group, crash)
    return words.new_group(rule.name, group, crash)


def _last_told(keys: set[str]) -> dict[str, int]:
    """Of keys that end in a time the latest one, by what stands before."""
    last: dict[str, int] = {}
    for key in keys:
        about, _, time = key.rpartition(":")
        if about and time.isdecimal():
            last[about] = max(last.get(about, 0), int(time))
    return last
