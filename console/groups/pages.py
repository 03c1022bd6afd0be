"""The pages of groups: the list, one group, merging."""

from collections.abc import Iterable
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from console.events.chart import has_crashes
from console.events.facets import values_of
from console.events.filter import EventFilter
from console.events.query import page_of
from console.groups import acts
from console.groups.changes import BadChange, history
from console.groups.detail import builds_of, candidates, devices_of, headings_of, heirs_of
from console.groups.grounds import grounds_of
from console.groups.listing import MOST_MEMBERS, GroupQuery, Order, find_group, list_groups, members_of
from console.groups.state import LONGEST_VERSION, State
from console.people.access import Engineer, Viewer
from console.people.clock import now_ms
from console.web.daily import day_bars
from console.web.parameters import MAX_ID, Id, Line
from console.web.render import render
from console.web.services import FromServices, Reading

router: Final = APIRouter(prefix="/groups")
PAGE: Final = 40
CRASHES: Final = 8
"""The newest ones of a group that its page shows."""
ALL: Final = "all"
TABS: Final = (*State, ALL)
ORDERS: Final = (
    (Order.LAST, "last seen"),
    (Order.COUNT, "most crashes"),
    (Order.DEVICES, "most devices"),
    (Order.FIRST, "first seen"),
)
DONE: Final = {
    "resolved": "Resolved. A crash of a build that should have the fix opens it again by itself.",
    "muted": "Muted: it stays out of the way, whatever crashes.",
    "unresolved": "Open again.",
    "merged": "Merged. It can be undone under “Merges and splits”.",
    "split": "Split off. It can be undone under “Merges and splits”.",
    "undone": "Undone.",
}
"""What is said after something was done."""

Text = Annotated[Line, Query(max_length=200)]
Number = Annotated[int, Form(ge=1, le=MAX_ID)]
Chosen = Annotated[list[Annotated[int, Query(ge=1, le=MAX_ID)]], Query(default_factory=list, max_length=100)]


@router.get("")
async def list_page(
    request: Request,
    _person: Viewer,
    session: Reading,
    state: Text = State.UNRESOLVED,
    q: Text = "",
    kind: Text = "",
    firmware: Text = "",
    version: Text = "",
    sort: Order = Order.LAST,
    cursor: Text = "",
) -> Response:
    """The table of groups."""
    tab = state if state in TABS else State.UNRESOLVED
    asked = {"q": q.strip(), "kind": kind, "firmware": firmware.strip(), "version": version.strip()}
    states = frozenset[str]() if tab == ALL else frozenset({str(tab)})
    query = GroupQuery(states, asked["q"], kind, asked["firmware"], asked["version"], sort, cursor, PAGE)
    page = await list_groups(session, query, now_ms())
    where = {"state": tab, **asked, "sort": "" if sort == Order.LAST else sort}
    values: dict[str, Any] = {
        "page": page,
        "asked": asked,
        "tab": tab,
        "tabs": [(name, _link(where, state=name)) for name in TABS],
        "chips": [(name, value, _link(where, **{name: ""})) for name, value in asked.items() if value],
        "sort": sort,
        "orders": ORDERS,
        "choices": {name: await values_of(session, name) for name in ("kind", "firmware", "version")},
        "has_any": bool(page.groups) or await has_crashes(session),
        "is_first": not cursor,
        "first": _link(where),
        "next": _link(where, cursor=page.cursor) if page.cursor else "",
        "clear": _link({"state": tab}),
    }
    return render(request, "groups/page.html", values)


def _link(where: dict[str, str], **more: str) -> str:
    """The address of the list; what says nothing, or the usual, is left out."""
    given = {**where, **more}
    pairs = {name: value for name, value in given.items() if value and (name, value) != ("state", State.UNRESOLVED)}
    return f"/groups?{urlencode(pairs)}" if pairs else "/groups"


@router.get("/merge")
async def merge_page(
    request: Request,
    _person: Engineer,
    session: Reading,
    group: Chosen,
    q: Text = "",
) -> Response:
    """Choose groups, and the one that stays; nothing is changed yet."""
    chosen = await headings_of(session, group)
    ids = [each.id for each in chosen]
    values: dict[str, Any] = {
        "chosen": [(each, _merge_link(other for other in ids if other != each.id)) for each in chosen],
        "ids": ids,
        "q": q,
        "found": [(each, _merge_link([*ids, each.id])) for each in await candidates(session, q.strip(), ids)],
    }
    return render(request, "groups/merge.html", values)


def _merge_link(ids: Iterable[int]) -> str:
    return f"/groups/merge?{urlencode([('group', each) for each in ids])}"


@router.post("/merge")
async def merge(
    person: Engineer, services: FromServices, into: Number, group: Annotated[list[int], Form(max_length=101)]
) -> Response:
    """Merge groups into one of them."""
    if any(not 0 < each <= MAX_ID for each in group):
        raise BadChange("these are no numbers of groups: choose them in the list")
    await acts.merge(services, person, into, [each for each in group if each != into])
    return _done(into, "merged")


@router.get("/{number}")
async def group_page(
    request: Request, _person: Viewer, session: Reading, services: FromServices, number: Id, done: Text = ""
) -> Response:
    """One group."""
    now = now_ms()
    row = await find_group(session, number, now)
    members = await members_of(session, number)
    newest = await page_of(session, EventFilter(group=(number,)), now, limit=CRASHES)
    grounds = {each.fingerprint: each for each in await grounds_of(session, services.store, members)}
    values: dict[str, Any] = {
        "group": row,
        "here": f"/groups/{number}",
        "query": f"group={number}",
        "bars": day_bars(row.days, now),
        "members": members,
        "is_cut": len(members) == MOST_MEMBERS,
        "grounds": grounds,
        "builds": await builds_of(session, number),
        "devices": await devices_of(session, number),
        "crashes": newest.crashes,
        "changes": await history(session, number),
        "heirs": await heirs_of(session, number),
        "done": DONE.get(done, ""),
        "longest_version": LONGEST_VERSION,
    }
    return render(request, "groups/group.html", values)


@router.post("/{number}/state")
async def set_state(
    person: Engineer,
    services: FromServices,
    number: Id,
    state: Annotated[State, Form()],
    version: Annotated[str, Form(max_length=LONGEST_VERSION)] = "",
) -> Response:
    """Resolve, mute or reopen."""
    await acts.set_state(services, person, number, state, version)
    return _done(number, state)


@router.post("/{number}/split")
async def split(
    person: Engineer,
    services: FromServices,
    number: Id,
    fingerprint: Annotated[list[Line], Form(default_factory=list)],
) -> Response:
    """Split fingerprints off."""
    await acts.split(services, person, number, fingerprint)
    return _done(number, "split")


@router.post("/{number}/changes/{change}/undo")
async def undo(person: Engineer, services: FromServices, number: Id, change: Id) -> Response:
    """Take a merge or a split back, and return to the group."""
    await acts.undo(services, person, change)
    return _done(number, "undone")


def _done(number: int, word: str) -> Response:
    return RedirectResponse(f"/groups/{number}?done={word}", status_code=303)
