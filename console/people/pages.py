"""The pages about one's own account, about people, and the audit log."""

from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from console.people import accounts, tokens
from console.people.access import Admin, SignedIn, Viewer
from console.people.audit import PAGE, audit, entries, known_actions
from console.people.clock import now_ms
from console.people.identity import require_own_role
from console.people.password import one_time_password
from console.people.person import Person
from console.people.roles import Role, Scope
from console.people.sessions import close_sessions, sessions_of
from console.people.shapes import AuditQuery, NewAccount, NewToken, RoleName
from console.web.errors import Conflict, NotFound, status_of
from console.web.parameters import Id
from console.web.render import render
from console.web.services import FromServices, Reading, Services
from contract.errors import InputError

router: Final = APIRouter()
SCOPES: Final = (
    (Scope.READ, "read", "See what you may see"),
    (Scope.UPLOAD, "upload", "Send firmware and dumps, and nothing else: for CI"),
    (Scope.ADMIN, "admin", "Everything that you may do"),
)
NEVER: Final = "never"
EXPIRY: Final = (("30", "30 days"), ("90", "90 days"), ("365", "1 year"), (NEVER, "never"))
RANGES: Final = (("24 h", "24h"), ("7 d", "7d"), ("30 d", "30d"), ("All", ""))


class TokenForm(BaseModel):
    """The form for a token; `days` is a number or `never`."""

    name: str = Field("", max_length=2000)
    scopes: list[str] = Field(default_factory=list[str], max_length=20)
    days: str = Field("90", max_length=20)


class AccountForm(BaseModel):
    """The form for somebody new."""

    name: str = Field("", max_length=2000)
    role: str = Field("viewer", max_length=20)


@router.get("/account")
async def account_page(request: Request, session: Reading, services: FromServices, person: Viewer) -> Response:
    """Who you are here, where you are signed in, and your tokens."""
    return render(request, "people/account.html", await _account_values(session, services, person))


@router.post("/account/sessions/end")
async def sign_out_everywhere(services: FromServices, person: SignedIn) -> Response:
    """Sign out in every other browser."""
    async with services.database.writing() as session:
        await close_sessions(session, person.account_id, but=person.session)
        await audit(session, person, "sign-out.everywhere", person.name)
    return RedirectResponse("/account", status_code=303)


@router.post("/account/tokens")
async def create_token(
    request: Request, services: FromServices, person: Viewer, form: Annotated[TokenForm, Form()]
) -> Response:
    """Make a token, and show it this once."""
    try:
        wanted = _checked(NewToken, name=form.name, scopes=form.scopes, days=None if form.days == NEVER else form.days)
        async with services.database.writing() as session:
            token, secret = await tokens.create_token(
                session, person.account_id, wanted.name, wanted.scopes, days=wanted.days, now_ms=now_ms()
            )
            await audit(session, person, "token.create", token.name, detail=token.scopes)
    except InputError as error:
        async with services.database.reading() as session:
            values = await _account_values(session, services, person)
        return render(request, "people/account.html", values | {"error": str(error), "form": form}, status_of(error))
    return render(request, "people/token.html", {"token": token, "secret": secret})


@router.post("/account/tokens/{token_id}/revoke")
async def revoke_token(services: FromServices, person: Viewer, token_id: Id) -> Response:
    """Let a token end now."""
    async with services.database.writing() as session:
        token = await tokens.revoke_token(session, person.account_id, token_id)
        if token is None:
            raise NotFound("you have no such token: it may have been revoked already")
        await audit(session, person, "token.revoke", token.name)
    return RedirectResponse("/account#tokens", status_code=303)


@router.get("/people")
async def people_page(request: Request, session: Reading, _person: Admin) -> Response:
    """Everybody who may sign in."""
    values = {
        "accounts": await accounts.all_accounts(session),
        "form": AccountForm(name="", role="viewer"),
        "error": "",
    }
    return render(request, "people/people.html", values)


@router.post("/people")
async def add_person(
    request: Request, services: FromServices, person: Admin, form: Annotated[AccountForm, Form()]
) -> Response:
    """Make an account, and show its one-time password this once."""
    password = await one_time_password()
    try:
        wanted = _checked(NewAccount, name=form.name, role=form.role)
        async with services.database.writing() as session:
            made = await accounts.create_account(
                session, wanted.name, Role.of(wanted.role), now_ms(), password=password
            )
            await audit(session, person, "account.create", made.name, detail=made.role)
    except InputError as error:
        async with services.database.reading() as session:
            everybody = await accounts.all_accounts(session)
        values = {"accounts": everybody, "form": form, "error": str(error)}
        return render(request, "people/people.html", values, status_of(error))
    return _once(request, services, made.name, password.one_time, is_new=True)


@router.get("/people/{account_id}")
async def person_page(request: Request, session: Reading, services: FromServices, _: Admin, account_id: Id) -> Response:
    """One account, and what may be done about it."""
    return await _person_page(request, session, services, account_id)


@router.post("/people/{account_id}/role")
async def set_role(
    request: Request, services: FromServices, person: Admin, account_id: Id, role: Annotated[RoleName, Form()]
) -> Response:
    """Change what somebody may do."""
    try:
        async with services.database.writing() as session:
            account = await accounts.account(session, account_id)
            require_own_role(services.settings, account)
            await accounts.set_role(session, account, Role.of(role))
            await audit(session, person, "account.role", account.name, detail=role)
    except Conflict as error:
        return await _refused(request, services, account_id, error)
    return RedirectResponse(f"/people/{account_id}", status_code=303)


@router.post("/people/{account_id}/{change}")
async def change_person(
    request: Request, services: FromServices, person: Admin, account_id: Id, change: str
) -> Response:
    """Disable, enable or delete somebody, or replace their password by one for one sign-in."""
    if change not in ("disable", "enable", "delete", "password"):
        raise NotFound("there is nothing at this address")
    password = await one_time_password() if change == "password" else None
    try:
        async with services.database.writing() as session:
            account = await accounts.account(session, account_id)
            if password is not None:
                await accounts.set_password(session, account, password)
            elif change == "delete":
                await accounts.remove_account(session, account)
            else:
                await accounts.set_disabled(session, account, disabled=change == "disable")
            await audit(session, person, f"account.{change}", account.name)
    except Conflict as error:
        return await _refused(request, services, account_id, error)
    if password is not None:
        return _once(request, services, account.name, password.one_time, is_new=False)
    return RedirectResponse("/people" if change == "delete" else f"/people/{account_id}", status_code=303)


@router.get("/audit")
async def audit_page(
    request: Request, session: Reading, _person: Admin, query: Annotated[AuditQuery, Query()]
) -> Response:
    """What was done, by whom, newest first."""
    found = await entries(session, query.asked, before=query.cursor, limit=PAGE + 1)
    asked = {name: value for name in ("account", "action", "since", "until") if (value := getattr(query, name))}
    values = {
        "entries": found[:PAGE],
        "query": query,
        "asked": asked,
        "export": urlencode(asked),
        "older": _log(asked | {"cursor": str(found[PAGE - 1].id)}) if len(found) > PAGE else None,
        "newest": _log(asked) if query.cursor else None,
        "ranges": [
            (label, _log({k: v for k, v in asked.items() if k not in ("since", "until")} | {"since": since}), since)
            for label, since in RANGES
        ],
        "chips": [
            (name, value, _log({k: v for k, v in asked.items() if k != name}))
            for name, value in asked.items()
            if name != "since" or value not in dict(RANGES).values()
        ],
        "people": [each.name for each in await accounts.all_accounts(session)],
        "actions": await known_actions(session),
    }
    return render(request, "people/audit.html", values)


M = TypeVar("M", bound=BaseModel)


def _checked(model: type[M], **values: object) -> M:
    """What a form says as the API would take it; raises `InputError` with the words that the API would use."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        wrong = "; ".join(f"{item['loc'][0]}: {item['msg']}" for item in error.errors())
        raise InputError(wrong) from error


def _log(asked: dict[str, str]) -> str:
    pairs = {name: value for name, value in asked.items() if value}
    return f"/audit?{urlencode(pairs)}" if pairs else "/audit"


async def _account_values(session: AsyncSession, services: Services, person: Person) -> dict[str, Any]:
    now = now_ms()
    return {
        "account": await accounts.account(session, person.account_id),
        "sessions": await sessions_of(session, person.account_id, now, services.settings.session_hours),
        "tokens": await tokens.tokens_of(session, person.account_id),
        "scopes": [each for each in SCOPES if each[0] is not Scope.UPLOAD or person.is_engineer],
        "expiry": EXPIRY,
        "now": now,
        "error": "",
        "form": TokenForm(name="", scopes=["read"], days="90"),
    }


async def _person_page(
    request: Request, session: AsyncSession, services: Services, account_id: int, error: str = "", status: int = 200
) -> Response:
    account = await accounts.account(session, account_id)
    now = now_ms()
    values = {
        "account": account,
        "sessions": await sessions_of(session, account_id, now, services.settings.session_hours),
        "tokens": await tokens.tokens_of(session, account_id),
        "role_is_given": account.subject is not None and services.settings.oidc_gives_roles,
        "now": now,
        "error": error,
    }
    return render(request, "people/person.html", values, status)


async def _refused(request: Request, services: Services, account_id: int, error: Conflict) -> Response:
    async with services.database.reading() as session:
        return await _person_page(request, session, services, account_id, f"{error}.", status_of(error))


def _once(request: Request, services: Services, name: str, password: str, *, is_new: bool) -> Response:
    address = services.settings.console_url or str(request.base_url).rstrip("/")
    values = {"name": name, "password": password, "is_new": is_new, "address": f"{address}/sign-in"}
    return render(request, "people/once.html", values)
