"""The page on which a person chooses the firmware of a crash, and sees before whether it fits."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy import select
from starlette.responses import RedirectResponse, Response

from console.crashes.fit import evidence_of, verdict_of_fit
from console.crashes.inspector import Inspector
from console.crashes.link import BUILD, DUMP, fit_for, hand_link, link, may_link_build, unlink
from console.crashes.pages import FromCrash, FromInspector, Text
from console.database.tables import Firmware
from console.firmware.listing import listed
from console.people.access import Engineer
from console.web.errors import status_of
from console.web.parameters import MAX_ID, Line
from console.web.render import render
from console.web.services import FromServices, Reading, Services
from contract.errors import FaultcastError
from contract.event import CrashEvent

router: Final = APIRouter(prefix="/crashes/{event_id}")
PAGE: Final = 20
"""Firmware at a time: for each one a dump is read."""
BuildId = Annotated[str, Query(pattern="^([0-9a-f]{2,128})?$")]


@router.get("/link")
async def choose(
    *,
    request: Request,
    crash: FromCrash,
    _person: Engineer,
    session: Reading,
    q: Annotated[Line, Query(max_length=200)] = "",
    cursor: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    scope: Annotated[Text, Query(alias="for")] = DUMP,
) -> Response:
    """The firmware there is, each with whether it fits."""
    rows = await listed(session, before=cursor, limit=PAGE + 1, text=q, ready=True)
    older = urlencode({"q": q, "cursor": rows[PAGE - 1].row.id, "for": scope}) if len(rows) > PAGE else None
    values = {
        **_common(crash.event),
        "rows": rows[:PAGE],
        "q": q,
        "cursor": cursor,
        "scope": BUILD if scope == BUILD else DUMP,
        "older": older,
        "hand": await hand_link(session, crash.event),
    }
    return render(request, "crashes/link.html", values)


@router.get("/link/fit")
async def fit_badge(
    *,
    request: Request,
    crash: FromCrash,
    _person: Engineer,
    services: FromServices,
    inspector: FromInspector,
    to: BuildId,
) -> Response:
    """Whether one of them fits, as a badge of its row."""
    found = await _assessed(services, inspector, crash.event, to)
    return render(request, "crashes/_fit.html", found, headers={"X-Piece": "fit"})


@router.get("/link/to")
async def confirm(
    *,
    request: Request,
    crash: FromCrash,
    _person: Engineer,
    session: Reading,
    services: FromServices,
    inspector: FromInspector,
    to: BuildId,
    scope: Annotated[Text, Query(alias="for")] = DUMP,
) -> Response:
    """What speaks for one of them and what against it, and the button that chooses it."""
    found = await _assessed(services, inspector, crash.event, to)
    row = await session.scalar(select(Firmware).where(Firmware.build_id == to))
    values = {**_common(crash.event), **found, "row": row, "to": to, "scope": BUILD if scope == BUILD else DUMP}
    return render(request, "crashes/link_to.html", values, found["status"])


@router.post("/link")
async def choose_one(
    *,
    crash: FromCrash,
    person: Engineer,
    services: FromServices,
    inspector: FromInspector,
    to: Annotated[str, Form(pattern="^[0-9a-f]{2,128}$")],
    scope: Annotated[str, Form(max_length=10)] = DUMP,
    sure: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Choose it, and come back to the crash, which is analysed again."""
    await link(services, inspector, person, crash.event, to=to, scope=scope, sure=bool(sure))
    return RedirectResponse(f"/crashes/{crash.event.id}?queued#log", status_code=303)


@router.post("/unlink")
async def take_back(crash: FromCrash, person: Engineer, services: FromServices) -> Response:
    """Take the choice back."""
    await unlink(services, person, crash.event)
    return RedirectResponse(f"/crashes/{crash.event.id}?queued#log", status_code=303)


async def _assessed(services: Services, inspector: Inspector, event: CrashEvent, to: str) -> dict[str, Any]:
    """Verdict and evidence; where there can be none, why."""
    try:
        fit = await fit_for(services, inspector, event, to)
    except FaultcastError as error:
        return {"verdict": None, "evidence": [], "problem": str(error), "status": status_of(error)}
    return {"verdict": verdict_of_fit(fit), "evidence": evidence_of(fit), "problem": "", "status": 200}


def _common(event: CrashEvent) -> dict[str, Any]:
    return {"event": event, "here": f"/crashes/{event.id}", "may_link_build": may_link_build(event)}
