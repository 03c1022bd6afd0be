"""The pages of one target: added, changed, tested, disabled, deleted."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from console.alerts import actions
from console.alerts.send import APPRISE, WEBHOOK
from console.alerts.targets import get_target, shown_key, shown_url
from console.database.tables import AlertTarget
from console.people.access import Admin
from console.web.errors import status_of
from console.web.parameters import Id
from console.web.render import render
from console.web.services import FromServices, Reading, Services
from contract.errors import InputError

router: Final = APIRouter(prefix="/alerts/targets")
ALERTS: Final = "/alerts"


class TargetForm(BaseModel):
    """The form for a target."""

    name: str = Field("", max_length=2_000)
    kind: str = Field(WEBHOOK, max_length=40)
    url: str = Field("", max_length=10_000)


@router.get("/new")
async def new_target(request: Request, _: Admin, kind: str = WEBHOOK) -> Response:
    """The form for a new one."""
    return _new(request, TargetForm(name="", kind=kind if kind == APPRISE else WEBHOOK, url=""))


def _new(request: Request, form: TargetForm, error: str = "", status: int = 200) -> Response:
    return render(request, "alerts/target_new.html", {"form": form, "error": error}, status)


@router.post("")
async def add_target(
    request: Request, services: FromServices, person: Admin, form: Annotated[TargetForm, Form()]
) -> Response:
    """Add a target; the key of a webhook is shown this once."""
    try:
        target = await actions.create_target(services, person, form.name, form.kind, form.url)
    except InputError as error:
        return _new(request, form, str(error), status_of(error))
    return _key(request, target, is_new=True) if target.secret else _to(target.id)


@router.get("/{target_id}")
async def target_page(request: Request, session: Reading, _: Admin, target_id: Id) -> Response:
    """One target."""
    return await _page(request, await get_target(session, target_id))


async def _page(request: Request, target: AlertTarget, status: int = 200, **more: Any) -> Response:
    values = {"target": target, "url": await asyncio.to_thread(shown_url, target), "key": shown_key(target)}
    return render(request, "alerts/target.html", {"error": "", "tested": None} | values | more, status)


@router.post("/{target_id}")
async def change_target(
    request: Request, services: FromServices, person: Admin, target_id: Id, form: Annotated[TargetForm, Form()]
) -> Response:
    """Change name or address; an address that is left empty stays."""
    try:
        await actions.change_target(services, person, target_id, name=form.name, url=form.url.strip() or None)
    except InputError as error:
        return await _page(request, await _found(services, target_id), status_of(error), error=str(error))
    return _to(target_id)


@router.post("/{target_id}/test")
async def test_target(request: Request, services: FromServices, person: Admin, target_id: Id) -> Response:
    """Send a test and show the answer: in its place where a script asks, else as the whole page."""
    tested = await actions.test_target(services, person, target_id)
    if request.headers.get("HX-Request"):
        return render(request, "alerts/_tested.html", {"tested": tested})
    return await _page(request, await _found(services, target_id), tested=tested)


@router.post("/{target_id}/key")
async def change_key(request: Request, services: FromServices, person: Admin, target_id: Id) -> Response:
    """Another key, shown this once."""
    return _key(request, await actions.change_key(services, person, target_id), is_new=False)


@router.post("/{target_id}/enable")
async def enable_target(services: FromServices, person: Admin, target_id: Id) -> Response:
    """Let it have alerts again."""
    await actions.enable_target(services, person, target_id, enabled=True)
    return _to(target_id)


@router.post("/{target_id}/disable")
async def disable_target(services: FromServices, person: Admin, target_id: Id) -> Response:
    """Send it nothing any more."""
    await actions.enable_target(services, person, target_id, enabled=False)
    return _to(target_id)


@router.post("/{target_id}/delete")
async def delete_target(services: FromServices, person: Admin, target_id: Id) -> Response:
    """Delete it with its rules and its log."""
    await actions.delete_target(services, person, target_id)
    return RedirectResponse(ALERTS, status_code=303)


async def _found(services: Services, target_id: int) -> AlertTarget:
    async with services.database.reading() as session:
        return await get_target(session, target_id)


def _key(request: Request, target: AlertTarget, *, is_new: bool) -> Response:
    return render(request, "alerts/key.html", {"target": target, "is_new": is_new})


def _to(target_id: int) -> Response:
    return RedirectResponse(f"{ALERTS}/targets/{target_id}", status_code=303)
