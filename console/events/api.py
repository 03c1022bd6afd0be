"""Crash events for programs: `/api/v1/events`."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from console.events import export, live, saved
from console.events.chart import counts_of
from console.events.filter import MARKS, MOMENTS, WORDS, EventFilter
from console.events.query import PAGE, Cursor, crash_row, newest_change, page_of
from console.events.shapes import Event, EventCounts, EventPage
from console.people.access import Viewer
from console.people.clock import now_ms
from console.web.errors import NotFound, refuses
from console.web.parameters import sends
from console.web.services import FromServices, Reading

router: Final = APIRouter(prefix="/events", tags=["events"])
filters: Final = APIRouter(prefix="/filters", tags=["events"])
OURS: Final = ("cursor", "limit", "format", live.AFTER)
MAX_NUMBER: Final = 2**53


def asked_for(request: Request) -> EventFilter:
    """The filter in a request's query string; raises `BadFilter`."""
    return EventFilter.parse(request.url.query, OURS)


Asked = Annotated[EventFilter, Depends(asked_for)]


def _parameter(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": text}


_TEXTS: Final = {
    "q": "Words that must all occur in title, explanation, functions or files.",
    "device": "Device; one that ends in `*` is a prefix.",
    "build": "Build id of the firmware.",
    "trust": "How the weakest of the innermost frames was found.",
    "since": "From this time on: RFC 3339, or how long ago: `30m`, `24h`, `7d`, `2w`.",
    "until": "Before this time; written like `since`.",
}
_MANY: Final = {"type": "array", "items": {"type": "string", "maxLength": 200}}
DESCRIBED: Final = {
    "parameters": [
        *(_parameter(each, _MANY, _TEXTS.get(each, f"Any of these values of `{each}`.")) for each in WORDS),
        _parameter("group", {"type": "array", "items": {"type": "integer", "minimum": 1}}, "Any of these groups."),
        *(_parameter(each, {"type": "boolean"}, f"Whether it is {each}.") for each in MARKS),
        *(_parameter(each, {"type": "string"}, _TEXTS[each]) for each in MOMENTS),
    ]
}
"""The filter's parameters, for the OpenAPI document; `attr.KEY` has no fixed name and is told in the text."""


@router.get("", openapi_extra=DESCRIBED)
async def list_events(
    _person: Viewer,
    session: Reading,
    asked: Asked,
    cursor: Annotated[str | None, Query(description="`next` or `previous` of an earlier answer.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = PAGE,
) -> EventPage:
    """Crashes that fit a filter, newest first. A parameter given more than once means any of its values;
    `attr.KEY=VALUE` asks for metadata that the device sent along."""  # noqa: D205, D209 - one paragraph in the document
    change = await newest_change(session)
    page = await page_of(session, asked, now_ms(), Cursor.parse(cursor) if cursor else None, limit)
    return EventPage(
        items=[Event.of(each) for each in page.crashes],
        next=str(page.older) if page.older else None,
        previous=str(page.newer) if page.newer else None,
        change=change,
    )


@router.get("/counts", openapi_extra=DESCRIBED)
async def count_events(_person: Viewer, session: Reading, asked: Asked) -> EventCounts:
    """How many crashes fit, over time. Counting may end at 10,000, which `more` tells."""
    return EventCounts.of(await counts_of(session, asked, now_ms()))


@router.get(
    "/export",
    openapi_extra=DESCRIBED,
    response_class=StreamingResponse,
    responses=sends("text/csv", "application/x-ndjson"),
)
async def export_events(
    _person: Viewer,
    services: FromServices,
    asked: Asked,
    format: Literal["csv", "jsonl"] = "csv",  # noqa: A002 - the parameter's name
) -> StreamingResponse:
    """All crashes that fit, as CSV or as JSON lines, newest first."""
    media = export.FORMATS[format][0]
    headers = {"Content-Disposition": f'attachment; filename="crashes.{format}"'}
    rows = export.export(services.database, asked, now_ms(), format)
    return StreamingResponse(rows, media_type=media, headers=headers)


_FOLLOWED: Final = {
    "parameters": [
        *DESCRIBED["parameters"],
        _parameter(live.AFTER, {"type": "integer", "minimum": 0}, "The `change` of a list that was read before."),
    ]
}


@router.get("/live", openapi_extra=_FOLLOWED, response_class=StreamingResponse, responses=sends("text/event-stream"))
async def follow_events(request: Request, _person: Viewer, services: FromServices, asked: Asked) -> StreamingResponse:
    """Crashes as they come in, and as their analysis gets better: server-sent events called `crash`, each with the
    JSON of an event. `Last-Event-ID` resumes; with `after` nothing is missed between a list and its first event.
    """  # noqa: D205 - one paragraph in the document
    return live.stream(request, services, asked, lambda row: Event.of(row).model_dump_json())


@router.get("/{event_id}")
async def get_event(_person: Viewer, session: Reading, event_id: str) -> Event:
    """One crash."""
    row = await crash_row(session, event_id) if "\0" not in event_id else None
    if row is None:
        raise NotFound("there is no such crash: it may have been removed, or not have arrived yet")
    return Event.of(row)


class Saved(BaseModel):
    """A saved filter."""

    id: int
    name: str
    query: str = Field(description="Query string, as `/events` takes it.")
    shared: bool = Field(description="Whether everybody sees it.")
    owner: str


class NewSaved(BaseModel):
    """A filter to be saved; one of yours with the same name is replaced."""

    name: str = Field(min_length=1, max_length=saved.MAX_NAME)
    query: str = Field(max_length=8000)
    shared: bool = False


@filters.get("")
async def list_filters(person: Viewer, session: Reading) -> list[Saved]:
    """Your saved filters, and those that others share."""
    rows = await saved.saved_for(session, person.account_id)
    return [Saved(id=e.id, name=e.name, query=e.query, shared=e.shared, owner=owner) for e, owner in rows]


@filters.post("", status_code=201, responses=refuses({413: "There are too many of them, or the body is too large."}))
async def save_filter(person: Viewer, services: FromServices, new: NewSaved) -> Saved:
    """Save a filter."""
    asked = EventFilter.parse(new.query)
    async with services.database.writing() as session:
        each = await saved.save(session, person.account_id, new.name, asked, now_ms(), shared=new.shared)
    return Saved(id=each.id, name=each.name, query=each.query, shared=each.shared, owner=person.name)


@filters.delete("/{number}", status_code=204)
async def delete_filter(person: Viewer, services: FromServices, number: int) -> None:
    """Delete a saved filter of yours."""
    if not 0 < number < MAX_NUMBER:
        raise NotFound("there is no such saved filter")
    async with services.database.writing() as session:
        await saved.forget(session, person.account_id, number)
