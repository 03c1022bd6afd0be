"""Groups for programs: `/api/v1/groups`."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from console.groups import acts
from console.groups.changes import history
from console.groups.detail import builds_of, devices_of, heirs_of
from console.groups.listing import LONGEST_PAGE, GroupQuery, Order, find_group, list_groups, members_of, newest_crash
from console.groups.shapes import (
    BuildInfo,
    Changed,
    ChangeInfo,
    DeviceInfo,
    GroupDetail,
    GroupInfo,
    GroupList,
    MemberInfo,
    Merge,
    NewState,
    Split,
    StateName,
    Undone,
)
from console.groups.state import State
from console.people.access import Engineer, Viewer
from console.people.clock import now_ms
from console.web.errors import refuses
from console.web.parameters import Id, Line
from console.web.services import FromServices, Reading

router: Final = APIRouter(prefix="/groups", tags=["groups"])
_CHANGES: Final = refuses({409: "The change makes no sense as things are."})
Text = Annotated[Line, Query(max_length=200)]


@router.get("", summary="List groups")
async def list_(
    _person: Viewer,
    session: Reading,
    state: Annotated[list[StateName] | None, Query(description="Any of these; all where none is given.")] = None,
    q: Annotated[
        Line,
        Query(max_length=200, description="Words that one of its crashes says: title, functions, files; or its kind."),
    ] = "",
    kind: Text = "",
    firmware: Annotated[Line, Query(max_length=200, description="Name of a firmware that crashed.")] = "",
    version: Annotated[Line, Query(max_length=200, description="Version of a firmware that crashed.")] = "",
    sort: Annotated[Order, Query(description="What comes first: the newest, or the most.")] = Order.LAST,
    cursor: Annotated[Line, Query(max_length=40, description="`next` of an earlier answer.")] = "",
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = 50,
) -> GroupList:
    """Groups that have crashes."""
    query = GroupQuery(frozenset(state or ()), q, kind, firmware, version, sort, cursor, limit)
    page = await list_groups(session, query, now_ms())
    return GroupList(items=[GroupInfo.of(row) for row in page.groups], next=page.cursor or None)


@router.get("/{number}", summary="Show one group")
async def show(_person: Viewer, session: Reading, number: Id) -> GroupDetail:
    """Also where no crash is left in it."""
    row = await find_group(session, number, now_ms())
    return GroupDetail(
        **GroupInfo.of(row).model_dump(),
        fingerprints=[MemberInfo.of(each) for each in await members_of(session, number)],
        builds=[BuildInfo.of(each) for each in await builds_of(session, number)],
        top_devices=[DeviceInfo.of(each) for each in await devices_of(session, number)],
        newest_crash=await newest_crash(session, number),
        merged_into=[each.id for each in await heirs_of(session, number)],
    )


@router.put("/{number}/state", summary="Resolve, mute or reopen a group", responses=_CHANGES)
async def set_state(person: Engineer, services: FromServices, number: Id, new: NewState) -> GroupInfo:
    """A resolved group that crashes in a build that should have the fix is reopened by itself; a muted one is not."""
    await acts.set_state(services, person, number, State(new.state), new.version)
    async with services.database.reading() as session:
        return GroupInfo.of(await find_group(session, number, now_ms()))


@router.post("/{number}/merge", summary="Merge groups into one", responses=_CHANGES)
async def merge(person: Engineer, services: FromServices, number: Id, body: Merge) -> Changed:
    """No crash is changed: fingerprints move, and what comes later with them goes the same way."""
    return Changed(change=await acts.merge(services, person, number, body.groups))


@router.post("/{number}/split", summary="Split fingerprints off a group", responses=_CHANGES)
async def split(person: Engineer, services: FromServices, number: Id, body: Split) -> Changed:
    """Each goes back to the group that was made for it, or into a new one."""
    return Changed(change=await acts.split(services, person, number, body.fingerprints))


@router.get("/{number}/changes", summary="List merges and splits of a group")
async def list_changes(_person: Viewer, session: Reading, number: Id) -> list[ChangeInfo]:
    """Newest first, at most fifty."""
    await find_group(session, number, now_ms())
    return [ChangeInfo.of(change) for change in await history(session, number)]


@router.post("/changes/{number}/undo", summary="Undo a merge or a split", responses=_CHANGES)
async def undo(person: Engineer, services: FromServices, number: Id) -> Undone:
    """Those that moved the same fingerprints later must be undone first."""
    return Undone(groups=await acts.undo(services, person, number))
