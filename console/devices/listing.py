"""A page of devices, with what each one's newest crash was."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from console.database.tables import Device, Fingerprint, Profile
from console.events.query import Cursor
from console.web.errors import NotFound

LONGEST_PAGE: Final = 200


class Order(StrEnum):
    """What comes first; newest, or most."""

    LAST = "last"
    COUNT = "crashes"


@dataclass(frozen=True, slots=True)
class DeviceQuery:
    """Which devices, in which order, from where on."""

    text: str = ""
    """Part of the name, in any case."""
    loops: bool = False
    """Only those that were in a reboot loop."""
    order: Order = Order.LAST
    cursor: Cursor | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device; times in Unix milliseconds. What it ran and why it crashed is that of its newest crash."""

    id: int
    name: str
    crashes: int
    first_ms: int
    last_ms: int
    loop_ms: int | None
    """When it last crashed as the third time within ten minutes, or more often."""
    title: str | None
    kind: str | None
    firmware: str | None
    version: str | None
    build_id: str | None
    board: str | None
    symbolized: bool | None
    group_id: int | None


@dataclass(frozen=True, slots=True)
class DevicePage:
    """Some devices, and where the next ones begin."""

    devices: tuple[DeviceRow, ...]
    cursor: Cursor | None


async def list_devices(session: AsyncSession, query: DeviceQuery) -> DevicePage:
    """A page of the devices that have crashes."""
    limit = max(1, min(query.limit, LONGEST_PAGE))
    key = _column(query.order)
    ids = select(Device.id).where(Device.crashes > 0, *_conditions(query))
    if query.cursor is not None:
        ids = ids.where(tuple_(key, Device.id) < tuple_(query.cursor.time_ms, query.cursor.id))
    found = list(await session.scalars(ids.order_by(key.desc(), Device.id.desc()).limit(limit + 1)))
    more, found = len(found) > limit, found[:limit]
    rows = {row.id: row for row in map(_row, await session.execute(_shown().where(Device.id.in_(found))))}
    devices = tuple(rows[id_] for id_ in found)
    last = devices[-1] if more else None
    if last is None:
        return DevicePage(devices, None)
    place = last.last_ms if query.order == Order.LAST else last.crashes
    return DevicePage(devices, Cursor(place, last.id))


async def find_device(session: AsyncSession, name: str) -> DeviceRow:
    """One device by its exact name; raises `NotFound`."""
    row = None if "\0" in name else (await session.execute(_shown().where(Device.name == name))).one_or_none()
    if row is None:
        raise NotFound(
            "no crash of a device with this name is known: it never crashed, or its crashes were removed by age"
        )
    return _row(row)


def _shown() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Device.id,
            Device.name,
            Device.crashes,
            Device.first_ms,
            Device.last_ms,
            Device.loop_ms,
            Profile.title,
            Profile.kind,
            Profile.firmware,
            Profile.version,
            Profile.build_id,
            Profile.board,
            Profile.symbolized,
            Fingerprint.group_id,
        )
        .outerjoin(Profile, Profile.id == Device.profile_id)
        .outerjoin(Fingerprint, Fingerprint.fingerprint == Profile.fingerprint)
    )


def _row(row: Row[*tuple[Any, ...]]) -> DeviceRow:
    return DeviceRow(*row)


def _column(order: Order) -> InstrumentedAttribute[int]:
    return {Order.LAST: Device.last_ms, Order.COUNT: Device.crashes}[order]


def _conditions(query: DeviceQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.text:
        found.append(Device.name.icontains(query.text, autoescape=True))
    if query.loops:
        found.append(Device.loop_ms.is_not(None))
    return found
