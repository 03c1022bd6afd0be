"""What the pages of groups and devices ask a large database."""

import time
from collections.abc import Awaitable, Callable, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database import Database
from console.database.tables import Device, Group
from console.devices import detail as device_detail
from console.devices import listing as devices
from console.events.filter import EventFilter
from console.events.query import newest_of_device, page_of
from console.groups import changes, detail, listing

Question = Callable[[AsyncSession], Awaitable[object]]


async def questions(database: Database) -> Mapping[str, Question]:
    """By a name, all that one page reads; the group and the device with most crashes stand for all of them."""
    now = int(time.time() * 1000)
    async with database.reading() as session:
        group = await session.scalar(select(Group.id).order_by(Group.crashes.desc()).limit(1)) or 0
        device = await session.scalar(select(Device.name).order_by(Device.crashes.desc()).limit(1)) or ""

    async def one_group(session: AsyncSession) -> None:
        await listing.find_group(session, group, now)
        await listing.members_of(session, group)
        await page_of(session, EventFilter(group=(group,)), now, limit=8)
        await detail.builds_of(session, group)
        await detail.devices_of(session, group)
        await detail.heirs_of(session, group)
        await changes.history(session, group)

    async def one_device(session: AsyncSession) -> None:
        found = await devices.find_device(session, device)
        await device_detail.past_of(session, found, now)
        await device_detail.groups_of(session, found.id)
        await newest_of_device(session, found.id, 10)

    def groups(**asked: str) -> Question:
        order = listing.Order(asked.pop("order", "last"))
        return lambda session: listing.list_groups(session, listing.GroupQuery(order=order, **asked), now)  # type: ignore[arg-type]

    def some(query: devices.DeviceQuery) -> Question:
        return lambda session: devices.list_devices(session, query)

    return {
        "groups by last seen": groups(),
        "groups by crashes": groups(order="crashes"),
        "groups of a version": groups(version="1.3.1"),
        "groups with a text": groups(text="sensor"),
        "a group": one_group,
        "groups to merge": lambda session: detail.candidates(session, "fault", []),
        "devices by last seen": some(devices.DeviceQuery()),
        "devices by crashes": some(devices.DeviceQuery(order=devices.Order.COUNT)),
        "devices with a text": some(devices.DeviceQuery(text="R-00")),
        "devices with a text of none": some(devices.DeviceQuery(text="nobody")),
        "devices in loops": some(devices.DeviceQuery(loops=True)),
        "a device": one_device,
    }
