"""Devices for programs: `/api/v1/devices`."""

from datetime import datetime
from typing import Annotated, Final, Self

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from console.devices.detail import groups_of, past_of
from console.devices.listing import LONGEST_PAGE, DeviceQuery, DeviceRow, Order, find_device, list_devices
from console.devices.past import is_recent
from console.events.query import Cursor
from console.people.access import Viewer
from console.people.clock import now_ms
from console.web.errors import refuses
from console.web.moment import maybe_time_of, time_of
from console.web.parameters import Line
from console.web.services import Reading

router: Final = APIRouter(prefix="/devices", tags=["devices"])


class DeviceInfo(BaseModel):
    """A device that has crashed; what it ran and why it crashed is that of its newest crash."""

    name: str
    crashes: int
    first_seen: datetime = Field(description="Its first crash that is known.")
    last_seen: datetime = Field(description="Its newest crash that is known: nothing else is heard of a device.")
    last_loop: datetime | None = Field(
        description="When it last crashed as the third time within ten minutes, or more often; null where it never did."
    )
    in_loop: bool = Field(description="Whether that was within the last 24 hours.")
    title: str
    kind: str
    firmware: str
    version: str
    build_id: str
    board: str
    group: int | None

    @classmethod
    def of(cls, row: DeviceRow, now: int) -> Self:
        """From a row."""
        return cls(
            name=row.name,
            crashes=row.crashes,
            first_seen=time_of(row.first_ms),
            last_seen=time_of(row.last_ms),
            last_loop=maybe_time_of(row.loop_ms),
            in_loop=is_recent(row.loop_ms, now),
            title=row.title or "",
            kind=row.kind or "",
            firmware=row.firmware or "",
            version=row.version or "",
            build_id=row.build_id or "",
            board=row.board or "",
            group=row.group_id,
        )


class DeviceList(BaseModel):
    """Some devices."""

    items: list[DeviceInfo]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class BuildInfo(BaseModel):
    """A build that the device crashed with."""

    version: str
    firmware: str
    build_id: str
    crashes: int
    first_crash: datetime
    last_crash: datetime


class LoopInfo(BaseModel):
    """Crashes that followed each other so fast that the device did nothing else."""

    first_crash: datetime
    last_crash: datetime
    crashes: int


class GroupCountInfo(BaseModel):
    """A cause that the device crashed by."""

    group: int
    title: str
    kind: str
    state: str
    crashes: int


class DeviceDetail(DeviceInfo):
    """A device and its past."""

    days: list[int] = Field(description="Crashes of each of the last 30 days (UTC), today last.")
    builds: list[BuildInfo] = Field(description="The one that crashed last first, at most fifty.")
    loops: list[LoopInfo] = Field(description="The latest first, at most twenty.")
    groups: list[GroupCountInfo] = Field(description="Those with most crashes first, at most twenty.")
    whole: bool = Field(description="Whether days, builds and loops are of all its crashes; else of the newest 10,000.")


@router.get("", summary="List devices")
async def list_(
    _person: Viewer,
    session: Reading,
    q: Annotated[Line, Query(max_length=200, description="Part of the name, in any case.")] = "",
    loops: Annotated[bool, Query(description="Only those that were in a reboot loop.")] = False,
    sort: Annotated[Order, Query(description="What comes first: the newest, or the most.")] = Order.LAST,
    cursor: Annotated[Line, Query(max_length=40, description="`next` of an earlier answer.")] = "",
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = 50,
) -> DeviceList:
    """Devices that have crashed."""
    query = DeviceQuery(q, loops, sort, Cursor.parse(cursor) if cursor else None, limit)
    page, now = await list_devices(session, query), now_ms()
    return DeviceList(
        items=[DeviceInfo.of(row, now) for row in page.devices],
        next=str(page.cursor) if page.cursor else None,
    )


@router.get(
    "/{name:rest}", summary="Show one device", responses=refuses({404: "No crash of a device with this name is known."})
)
async def show(
    _person: Viewer, session: Reading, name: Annotated[str, Path(description="Its exact name, URL-encoded.")]
) -> DeviceDetail:
    """Its crashes one by one are at `/events?device=NAME`."""
    now = now_ms()
    row = await find_device(session, name)
    past = await past_of(session, row, now)
    return DeviceDetail(
        **DeviceInfo.of(row, now).model_dump(),
        days=list(past.days),
        builds=[
            BuildInfo(
                version=each.version,
                firmware=each.firmware,
                build_id=each.build_id,
                crashes=each.crashes,
                first_crash=time_of(each.first_ms),
                last_crash=time_of(each.last_ms),
            )
            for each in past.builds
        ],
        loops=[
            LoopInfo(first_crash=time_of(each.first_ms), last_crash=time_of(each.last_ms), crashes=each.crashes)
            for each in past.loops
        ],
        groups=[
            GroupCountInfo(group=each.id, title=each.title, kind=each.kind, state=each.state, crashes=each.crashes)
            for each in await groups_of(session, row.id)
        ],
        whole=past.is_whole,
    )
