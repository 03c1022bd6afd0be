"""A filter as conditions in SQL.

Each condition on a crash is written so that no planner takes it for a way to *find* crashes (`… IS TRUE`): which index
is walked is decided in `plan`, from what we know and the database cannot: how many crashes a profile or a device has.
"""

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import aliased

from console.database.tables import Crash, CrashAttribute, Device, Fingerprint, Profile
from console.events.filter import EventFilter


def profiles(asked: EventFilter) -> Select[int] | None:
    """Ids of the profiles that fit; none where every profile does."""
    conditions: list[ColumnElement[bool]] = [
        column.in_(values)
        for column, values in (
            (Profile.build_id, tuple(each.lower() for each in asked.build)),
            (Profile.version, asked.version),
            (Profile.firmware, asked.firmware),
            (Profile.board, asked.board),
            (Profile.architecture, asked.arch),
            (Profile.kind, asked.kind),
            (Profile.thread, asked.thread),
            (Profile.trust, asked.trust),
        )
        if values
    ]
    if asked.q:
        conditions.append(or_(*(_says(each) for each in asked.q)))
    if asked.group:
        fingerprints = select(Fingerprint.fingerprint).where(Fingerprint.group_id.in_(asked.group))
        conditions.append(Profile.fingerprint.in_(fingerprints))
    if asked.symbolized is not None:
        conditions.append(Profile.symbolized.is_(asked.symbolized))
    if asked.complete is not None:
        conditions.append(Profile.complete.is_(asked.complete))
    return select(Profile.id).where(*conditions) if conditions else None


def _says(text: str) -> ColumnElement[bool]:
    """Whether every word of `text` occurs in what a profile is searched by."""
    return and_(*(Profile.text.contains(word, autoescape=True) for word in text.casefold().split()))


def devices(asked: EventFilter) -> Select[int] | None:
    """Ids of the devices that fit; none where every device does."""
    names = tuple(each for each in asked.device if not each.endswith("*"))
    prefixes = (each.removesuffix("*") for each in asked.device if each.endswith("*"))
    # LIKE does not mind case in SQLite; names of devices are compared as they are.
    conditions = [func.substr(Device.name, 1, len(each)) == each for each in prefixes]
    if names:
        conditions.append(Device.name.in_(names))
    return select(Device.id).where(or_(*conditions)) if conditions else None


def conditions(asked: EventFilter) -> list[ColumnElement[bool]]:
    """What a crash must fulfil but for its time."""
    found: list[ColumnElement[bool]] = []
    if (fitting := profiles(asked)) is not None:
        found.append(Crash.profile_id.in_(fitting).is_(true()))
    if (those := devices(asked)) is not None:
        found.append(Crash.device_id.in_(those).is_(true()))
    for key, values in asked.attributes:
        # Another name: the crashes may come from the same table by another key.
        other = aliased(CrashAttribute)
        has = select(other.crash_id).where(
            other.key == key,
            other.value.in_(values),
            other.time_ms == Crash.time_ms,
            other.crash_id == Crash.id,
        )
        found.append(has.correlate(Crash).exists().is_(true()))
    return found


def times(asked: EventFilter, time: ColumnElement[int], now_ms: int) -> list[ColumnElement[bool]]:
    """The filter's range of time, as conditions on a column."""
    found: list[ColumnElement[bool]] = []
    if asked.since:
        found.append(time >= asked.since.at(now_ms))
    if asked.until:
        found.append(time < asked.until.at(now_ms))
    return found
