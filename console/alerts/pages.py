"""The page of alerts, and the log of what was told to whom."""

import asyncio
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from console.alerts import actions, log
from console.alerts.backoff import TRIES
from console.alerts.rule import WATCHED, Trigger
from console.alerts.rules import all_rules
from console.alerts.targets import all_targets, names, shown_url
from console.database.tables import AlertRule
from console.events.filter import EventFilter
from console.people.access import Admin
from console.web.formats import plural
from console.web.parameters import MAX_ID, Id
from console.web.render import render
from console.web.services import FromServices, Reading

router: Final = APIRouter(prefix="/alerts")
RECENT: Final = 10


class LogQuery(BaseModel):
    """Which deliveries; an empty value says nothing, as in a form."""

    state: str = Field("", pattern=f"^({'|'.join(log.STATES)})?$")
    target: str = Field("", pattern=r"^([1-9][0-9]{0,17})?$")
    cursor: Annotated[int, Field(ge=1, le=MAX_ID)] | None = None


@router.get("")
async def alerts_page(request: Request, session: Reading, _: Admin) -> Response:
    """Targets, rules, and what was told last."""
    rows = await all_targets(session)
    shown = await asyncio.to_thread(lambda: [shown_url(each.target) for each in rows])
    values: dict[str, Any] = {
        "targets": list(zip(rows, shown, strict=True)),
        "rules": [(each, condition(each.rule), filter_of(each.rule)) for each in await all_rules(session)],
        "triggers": WATCHED,
        "entries": await log.entries(session, limit=RECENT),
        "tries": TRIES,
    }
    return render(request, "alerts/page.html", values)


def condition(rule: AlertRule) -> str:
    """When a rule tells something, in a few words."""
    match Trigger(rule.trigger):
        case Trigger.SPIKE:
            return f"{plural(rule.threshold, 'crash', 'crashes')} of a group in {rule.minutes} min"
        case Trigger.MISSING_SYMBOLS:
            return f"{plural(rule.threshold, 'dump')} of a build waiting"
        case Trigger.LAG:
            return " or ".join(
                each
                for each in (
                    f"{plural(rule.threshold, 'entry', 'entries')} waiting" if rule.threshold else "",
                    f"the oldest for {rule.minutes} min" if rule.minutes else "",
                )
                if each
            )
        case _:
            return ""


def filter_of(rule: AlertRule) -> list[tuple[str, str]]:
    """The parameters of a rule's filter and their values."""
    return list(EventFilter.parse(rule.query).pairs())


@router.get("/log")
async def log_page(request: Request, session: Reading, _: Admin, query: Annotated[LogQuery, Query()]) -> Response:
    """Deliveries, newest first."""
    target = int(query.target) if query.target else None
    found = await log.entries(session, before=query.cursor, state=query.state, target=target, limit=log.PAGE + 1)
    page = found[: log.PAGE]
    asked = {name: value for name, value in (("state", query.state), ("target", query.target)) if value}
    values: dict[str, Any] = {
        "entries": page,
        "tries": TRIES,
        "asked": query,
        "targets": await names(session),
        "states": [("", "All"), *((each, each.capitalize()) for each in log.STATES)],
        "link": _link,
        "newest": _link(**asked) if query.cursor else None,
        "older": _link(**asked, cursor=str(page[-1].delivery.id)) if len(found) > log.PAGE else None,
    }
    return render(request, "alerts/log.html", values)


def _link(**query: str) -> str:
    pairs = {name: value for name, value in query.items() if value}
    return f"/alerts/log?{urlencode(pairs)}" if pairs else "/alerts/log"


@router.post("/log/{delivery_id}/retry")
async def retry(
    services: FromServices, person: Admin, delivery_id: Id, back: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Let a delivery be tried anew."""
    await actions.retry_delivery(services, person, delivery_id)
    # Only to where such a button is.
    return RedirectResponse("/alerts" if back == "alerts" else "/alerts/log", status_code=303)
