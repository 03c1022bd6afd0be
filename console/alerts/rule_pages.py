"""The pages of one rule: added, changed, disabled, deleted."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from console.alerts import actions
from console.alerts.rule import WATCHED, BadRule, RuleValues, Trigger, check_rule
from console.alerts.rules import get_rule
from console.alerts.targets import names
from console.database.tables import AlertRule
from console.people.access import Admin
from console.web.errors import NotFound, status_of
from console.web.parameters import Id
from console.web.render import render
from console.web.services import FromServices, Reading
from contract.errors import InputError

router: Final = APIRouter(prefix="/alerts/rules")
ALERTS: Final = "/alerts"


class RuleForm(BaseModel):
    """The form for a rule, as it was typed."""

    name: str = Field("", max_length=2_000)
    trigger: str = Field("", max_length=40)
    threshold: str = Field("", max_length=20)
    minutes: str = Field("", max_length=20)
    query: str = Field("", max_length=10_000)
    target: str = Field("", max_length=20)

    def values(self) -> tuple[RuleValues, int]:
        """What was typed, checked, and the target; raises `InputError`."""
        threshold, minutes = _number("threshold", self.threshold), _number("minutes", self.minutes)
        target = _number("target", self.target)
        if not target:
            raise BadRule("choose a target: where the alert goes")
        return check_rule(self.name, self.trigger, threshold, minutes, self.query), target


def _number(name: str, text: str) -> int:
    text = text.strip()
    if text and not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise BadRule(f"{name}: expected a number, not {text!r}")
    return int(text or 0)


def _form_of(rule: AlertRule) -> RuleForm:
    return RuleForm(
        name=rule.name,
        trigger=rule.trigger,
        threshold=str(rule.threshold),
        minutes=str(rule.minutes),
        query=rule.query,
        target=str(rule.target_id),
    )


@router.get("/new")
async def new_rule(request: Request, session: Reading, _: Admin, trigger: str = "", query: str = "") -> Response:
    """What to watch for, then the form for it."""
    if trigger not in list(Trigger):
        return render(request, "alerts/rule_new.html", {"triggers": WATCHED, "query": query[:4_000]})
    kind = Trigger(trigger)
    threshold, minutes = WATCHED[kind].defaults
    form = RuleForm(
        name=WATCHED[kind].label,
        target="",
        trigger=kind.value,
        threshold=str(threshold),
        minutes=str(minutes),
        query=query[:4_000],
    )
    return await _page(request, session, form, None)


async def _page(
    request: Request, session: AsyncSession, form: RuleForm, rule: AlertRule | None, error: InputError | None = None
) -> Response:
    if form.trigger not in list(Trigger):
        raise error or BadRule("there is no such trigger")
    values = {
        "form": form,
        "rule": rule,
        "watched": WATCHED[Trigger(form.trigger)],
        "targets": await names(session),
        "error": str(error) if error else "",
    }
    return render(request, "alerts/rule.html", values, status_of(error) if error else 200)


@router.post("")
async def add_rule(
    request: Request, services: FromServices, person: Admin, form: Annotated[RuleForm, Form()]
) -> Response:
    """Add a rule."""
    try:
        values, target = form.values()
        await actions.create_rule(services, person, values, target)
    except InputError as error:
        async with services.database.reading() as session:
            return await _page(request, session, form, None, error)
    return RedirectResponse(ALERTS, status_code=303)


@router.get("/{rule_id}")
async def rule_page(request: Request, session: Reading, _: Admin, rule_id: Id) -> Response:
    """One rule."""
    rule = await get_rule(session, rule_id)
    return await _page(request, session, _form_of(rule), rule)


@router.post("/{rule_id}")
async def change_rule(
    request: Request, services: FromServices, person: Admin, rule_id: Id, form: Annotated[RuleForm, Form()]
) -> Response:
    """Give it other values; what it watches for stays."""
    async with services.database.reading() as session:
        rule = await get_rule(session, rule_id)
    form = form.model_copy(update={"trigger": rule.trigger})
    try:
        values, target = form.values()
        await actions.change_rule(services, person, rule_id, values, target)
    except NotFound:
        raise
    except InputError as error:
        async with services.database.reading() as session:
            return await _page(request, session, form, rule, error)
    return RedirectResponse(ALERTS, status_code=303)


@router.post("/{rule_id}/enable")
async def enable_rule(services: FromServices, person: Admin, rule_id: Id) -> Response:
    """Let it watch again."""
    await actions.enable_rule(services, person, rule_id, enabled=True)
    return RedirectResponse(f"{ALERTS}/rules/{rule_id}", status_code=303)


@router.post("/{rule_id}/disable")
async def disable_rule(services: FromServices, person: Admin, rule_id: Id) -> Response:
    """Let it watch no more."""
    await actions.enable_rule(services, person, rule_id, enabled=False)
    return RedirectResponse(f"{ALERTS}/rules/{rule_id}", status_code=303)


@router.post("/{rule_id}/delete")
async def delete_rule(services: FromServices, person: Admin, rule_id: Id) -> Response:
    """Delete it; what it has told stays in the log."""
    await actions.delete_rule(services, person, rule_id)
    return RedirectResponse(ALERTS, status_code=303)
