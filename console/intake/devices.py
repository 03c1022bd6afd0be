"""What a device's row says of its crashes: how many, from when to when, its newest one, and whether it is in a loop."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.tables import Crash, Device
from console.intake.counters import Counted
from console.intake.loops import WITHIN_MS, latest_loop
from console.intake.owners import table_of


@dataclass(frozen=True, slots=True)
class Loop:
    """A device that crashed for the third time within ten minutes, or once more after that."""

    device_id: int
    at_ms: int


async def count_devices(session: AsyncSession, added: Iterable[Counted], removed: Iterable[Counted]) -> None:
    """Bring the devices of crashes that were added, or removed, up to date."""
    connection, device, crash = await session.connection(), table_of(Device), table_of(Crash)
    more = Counter(each.device_id for each in added)
    more.subtract(Counter(each.device_id for each in removed))
    of_device = crash.c.device_id == device.c.id
    first = select(func.min(crash.c.time_ms)).where(of_device).correlate(device).scalar_subquery()
    last = select(func.max(crash.c.time_ms)).where(of_device).correlate(device).scalar_subquery()
    await connection.execute(
        update(device)
        .where(device.c.id == bindparam("this"))
        .values(
            crashes=device.c.crashes + bindparam("more"),
            first_ms=func.coalesce(first, device.c.first_ms),
            last_ms=func.coalesce(last, device.c.last_ms),
        ),
        [{"this": id_, "more": number} for id_, number in more.items()],
    )
    newest = await session.execute(
        select(Crash.device_id, Crash.profile_id)
        .join(Device, (Device.id == Crash.device_id) & (Device.last_ms == Crash.time_ms))
        .where(Device.id.in_(more))
        .order_by(Crash.event_id)
    )
    profiles = dict(newest.all())
    await connection.execute(
        update(device).where(device.c.id == bindparam("this")).values(profile_id=bindparam("newest")),
        [{"this": id_, "newest": profiles.get(id_)} for id_ in more],
    )


async def find_loops(session: AsyncSession, added: Mapping[int, Counted], removed: Mapping[int, Counted]) -> list[Loop]:
    """Note which devices are in a loop after crashes (id to where it counts) came or moved; returns the new ones."""
    moved = [
        old
        for crash_id, old in removed.items()
        if crash_id not in added or (added[crash_id].device_id, added[crash_id].time_ms) != (old.device_id, old.time_ms)
    ]
    whole = {each.device_id for each in moved}
    fresh = [
        new
        for crash_id, new in added.items()
        if crash_id not in removed
        or (removed[crash_id].device_id, removed[crash_id].time_ms) != (new.device_id, new.time_ms)
    ]
    whole |= {each.device_id for each in fresh if each.device_id in whole}
    partly = {each.device_id for each in fresh} - whole
    earliest = min((each.time_ms for each in fresh if each.device_id in partly), default=0)
    found = await _latest_loops(session, partly, earliest - WITHIN_MS) | await _latest_loops(session, whole, 0)
    if not partly and not whole:
        return []
    rows = await session.execute(select(Device.id, Device.loop_ms).where(Device.id.in_(partly | whole)))
    known = dict(rows.all())
    after = {id_: max(found.get(id_) or 0, known[id_] or 0) or None for id_ in partly}
    after |= {id_: found.get(id_) for id_ in whole}
    changed = {id_: loop_ms for id_, loop_ms in after.items() if loop_ms != known[id_]}
    if changed:
        device = table_of(Device)
        await (await session.connection()).execute(
            update(device).where(device.c.id == bindparam("this")).values(loop_ms=bindparam("at")),
            [{"this": id_, "at": loop_ms} for id_, loop_ms in changed.items()],
        )
    return [
        Loop(id_, loop_ms)
        for id_, loop_ms in sorted(changed.items())
        if loop_ms is not None and loop_ms > (known[id_] or 0)
    ]


async def _latest_loops(session: AsyncSession, device_ids: Iterable[int], since_ms: int) -> dict[int, int | None]:
    device_ids = list(device_ids)
    if not device_ids:
        return {}
    rows = await session.execute(
        select(Crash.device_id, Crash.time_ms)
        .where(Crash.device_id.in_(device_ids), Crash.time_ms >= since_ms)
        .order_by(Crash.device_id, Crash.time_ms)
    )
    times: dict[int, list[int]] = {}
    for device_id, time_ms in rows:
        times.setdefault(device_id, []).append(time_ms)
    return {device_id: latest_loop(each) for device_id, each in times.items()}
