"""The pages of devices: the list, and one device."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from console.devices.detail import firmware_of, groups_of, past_of
from console.devices.listing import DeviceQuery, Order, find_device, list_devices
from console.devices.past import is_recent
from console.events.chart import has_crashes
from console.events.query import Cursor, newest_of_device
from console.intake.loops import CRASHES, WITHIN_MS
from console.people.access import Viewer
from console.people.clock import now_ms
from console.web.daily import day_bars
from console.web.parameters import Line
from console.web.render import render
from console.web.services import Reading

router: Final = APIRouter(prefix="/devices")
PAGE: Final = 50
NEWEST: Final = 10
"""Crashes of a device that its page shows."""
ORDERS: Final = ((Order.LAST, "last seen"), (Order.COUNT, "most crashes"))
RULE: Final = f"{CRASHES} or more crashes within {WITHIN_MS // 60_000} minutes"
"""What a reboot loop is."""

Text = Annotated[Line, Query(max_length=200)]


@router.get("")
async def list_page(
    request: Request,
    _person: Viewer,
    session: Reading,
    q: Text = "",
    loops: Text = "",
    sort: Order = Order.LAST,
    cursor: Text = "",
    name: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The table of devices; with a `name` the page of that one, whose name does not do in a path."""
    if name:
        return await _device(request, session, name)
    text, only_loops, now = q.strip(), loops == "yes", now_ms()
    place = Cursor.parse(cursor) if cursor else None
    page = await list_devices(session, DeviceQuery(text, only_loops, sort, place, PAGE))
    where = {"q": text, "loops": "yes" if only_loops else "", "sort": "" if sort == Order.LAST else str(sort)}
    values: dict[str, Any] = {
        "page": page,
        "in_loop": {row.id for row in page.devices if is_recent(row.loop_ms, now)},
        "q": text,
        "only_loops": only_loops,
        "tabs": [("All", _link(where, loops=""), not only_loops), ("Loops", _link(where, loops="yes"), only_loops)],
        "sort": sort,
        "orders": ORDERS,
        "rule": RULE,
        "has_any": bool(page.devices) or await has_crashes(session),
        "is_first": place is None,
        "first": _link(where),
        "next": _link(where, cursor=str(page.cursor)) if page.cursor else "",
        "without_text": _link(where, q=""),
    }
    return render(request, "devices/page.html", values)


def _link(where: dict[str, str], **more: str) -> str:
    pairs = {name: value for name, value in {**where, **more}.items() if value}
    return f"/devices?{urlencode(pairs)}" if pairs else "/devices"


@router.get("/{name:rest}")
async def device_page(request: Request, _person: Viewer, session: Reading, name: str) -> Response:
    """One device."""
    return await _device(request, session, name)


async def _device(request: Request, session: AsyncSession, name: str) -> Response:
    now = now_ms()
    device = await find_device(session, name)
    past = await past_of(session, device, now)
    values: dict[str, Any] = {
        "device": device,
        "query": urlencode({"device": device.name}),
        "in_loop": is_recent(device.loop_ms, now),
        "rule": RULE,
        "past": past,
        "bars": day_bars(past.days, now),
        "groups": await groups_of(session, device.id),
        "crashes": await newest_of_device(session, device.id, NEWEST),
        "firmware": await firmware_of(session, device.build_id),
    }
    return render(request, "devices/device.html", values)
