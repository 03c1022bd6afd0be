"""The Events page and its parts."""

from collections.abc import Callable
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from console.events import live, saved
from console.events.chart import Counts, counts_of, has_crashes
from console.events.facets import values_of
from console.events.filter import ATTRIBUTE, MARKS, MOMENTS, PARAMETERS, EventFilter
from console.events.query import Cursor, newest_change, page_of
from console.intake.progress import Progress
from console.people.access import Viewer
from console.people.clock import now_ms
from console.web.errors import NotFound
from console.web.moment import rfc3339
from console.web.render import fragment, render
from console.web.services import FromServices, Reading

router: Final = APIRouter()
_OURS: Final = ("cursor", "add", "value", "name", live.AFTER)
RANGES: Final = (("1 h", "1h"), ("24 h", "24h"), ("7 d", "7d"), ("30 d", "30d"), ("All", ""))
LABELS: Final = {"q": "text", "arch": "architecture", "build": "build id", "kind": "fault kind", ATTRIBUTE: "metadata"}
CHOICES: Final = [(each, LABELS.get(each, each)) for each in (*PARAMETERS, ATTRIBUTE) if each not in MOMENTS]
SINGLE: Final = (*MARKS, *MOMENTS)


def link(asked: EventFilter, **more: str) -> str:
    """The address of the page for a filter."""
    pairs = [*asked.pairs(), *more.items()]
    return f"/events?{urlencode(pairs)}" if pairs else "/events"


def chips(asked: EventFilter) -> list[tuple[str, str, str]]:
    """Of each value in a filter: what it is called, the value, and the page without it.

    A time that is one of the ranges to choose from is shown there.
    """
    return [
        (LABELS.get(name, name), value, link(asked.without(name, value)))
        for name, value in asked.pairs()
        if name != "since" or asked.until or value not in dict(RANGES).values()
    ]


def ranges(asked: EventFilter) -> list[tuple[str, str, bool]]:
    """The ranges to choose from: label, page, whether it is chosen."""
    others = EventFilter.of(pair for pair in asked.pairs() if pair[0] not in MOMENTS)
    now = "" if not asked.asks_time else asked.since.text if asked.since and not asked.until else "other"
    return [(label, link(others, since=since) if since else link(others), since == now) for label, since in RANGES]


@router.get("/")
async def home() -> Response:
    """Where people start."""
    return RedirectResponse("/events", status_code=303)


@router.get("/events")
async def events_page(request: Request, person: Viewer, session: Reading) -> Response:
    """The table of crashes that fit the filter in the address."""
    asked = EventFilter.parse(request.url.query, _OURS)
    given = request.query_params
    if added := given.get("add"):
        return RedirectResponse(link(_with(asked, added, given.get("value", ""))), status_code=303)
    cursor = Cursor.parse(given["cursor"]) if given.get("cursor") else None
    change = await newest_change(session)  # before the page: what comes between the two is told twice, not never
    page = await page_of(session, asked, now_ms(), cursor)
    values: dict[str, Any] = {
        "asked": asked,
        "page": page,
        "live": f"/events/live?{urlencode([*asked.pairs(), (live.AFTER, change)])}",
        "is_newest": cursor is None,
        "has_any": bool(page.crashes) or await has_crashes(session),
        "chips": chips(asked),
        "ranges": ranges(asked),
        "choices": CHOICES,
        "saved": await saved.saved_for(session, person.account_id),
        "older": link(asked, cursor=str(page.older)) if page.older else None,
        "newer": link(asked, cursor=str(page.newer)) if page.newer else None,
    }
    return render(request, "events/page.html", values)


def _with(asked: EventFilter, name: str, value: str) -> EventFilter:
    """The filter with one more value; metadata is given as `key=value`."""
    if name == ATTRIBUTE:
        key, _, value = value.partition("=")
        name = ATTRIBUTE + key.strip()
    kept = [pair for pair in asked.pairs() if pair[0] != name or name not in SINGLE]
    return EventFilter.of([*kept, (name, value)])


@router.get("/events/chart")
async def chart(request: Request, _person: Viewer, session: Reading) -> Response:
    """The chart and the total, which the page asks for once it is there."""
    asked = EventFilter.parse(request.url.query, _OURS)
    counts = await counts_of(session, asked, now_ms())
    return render(request, "events/chart.html", {"counts": counts, "bars": bars(asked, counts)})


def bars(asked: EventFilter, counts: Counts) -> list[dict[str, Any]]:
    """Geometry, numbers and page of each bar."""
    others = EventFilter.of(pair for pair in asked.pairs() if pair[0] not in MOMENTS)
    highest = max(counts.bars, default=0) or 1
    return [
        {
            "x": index,
            "height": round(max(38 * number / highest, 1.2), 2) if number else 0,
            "number": number,
            "ms": counts.first_ms + index * counts.step_ms,
            "page": link(
                others,
                since=rfc3339(counts.first_ms + index * counts.step_ms),
                until=rfc3339(counts.first_ms + (index + 1) * counts.step_ms),
            ),
        }
        for index, number in enumerate(counts.bars)
    ]


@router.get("/events/values")
async def values(request: Request, _person: Viewer, session: Reading, add: str = "", value: str = "") -> Response:
    """Values to choose from while a filter is added."""
    found = await values_of(session, add[:200], value[:200].replace("\0", ""))
    return render(request, "events/values.html", {"values": found})


@router.get("/events/progress")
async def progress(request: Request, _person: Viewer) -> Response:
    """A banner while an outage is caught up with; asks for itself again."""
    # Who runs the intake in this process tells how far it is; where nobody does, there is nothing to tell.
    tell: Callable[[], Progress] = getattr(request.app.state, "progress", Progress)
    return render(request, "events/progress.html", {"progress": tell()})


@router.get("/events/live")
async def live_rows(request: Request, _person: Viewer, services: FromServices) -> StreamingResponse:
    """Rows of the table as crashes come in."""
    asked = EventFilter.parse(request.url.query, _OURS)
    return live.stream(request, services, asked, lambda row: fragment("events/row.html", {"crash": row}))


@router.post("/events/saved")
async def save(
    person: Viewer,
    services: FromServices,
    name: Annotated[str, Form()],
    query: Annotated[str, Form(max_length=8000)] = "",
    shared: Annotated[str, Form()] = "",
) -> Response:
    """Save the filter of the page."""
    asked = EventFilter.parse(query)
    async with services.database.writing() as session:
        await saved.save(session, person.account_id, name, asked, now_ms(), shared=bool(shared))
    return RedirectResponse(link(asked), status_code=303)


@router.post("/events/saved/{number}/delete")
async def forget(
    person: Viewer, services: FromServices, number: int, query: Annotated[str, Form(max_length=8000)] = ""
) -> Response:
    """Delete a saved filter."""
    asked = EventFilter.parse(query)
    if not 0 < number < 2**53:
        raise NotFound("there is no such saved filter")
    async with services.database.writing() as session:
        await saved.forget(session, person.account_id, number)
    return RedirectResponse(link(asked), status_code=303)
