"""The pages by which people come and go: sign in, sign out, set a password."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from console.database.tables import Account
from console.people.access import SignedIn, address_of, person_of
from console.people.accounts import account, check_password, refreshed_hash, set_password
from console.people.audit import audit, write_entry
from console.people.clock import now_ms
from console.people.csrf import require_same_origin
from console.people.login_rate import LoginRate
from console.people.next_page import next_page
from console.people.password import WeakPassword, chosen_password, verify_password
from console.people.sessions import close_session, forget_cookie, open_session, remove_expired_sessions, set_cookie
from console.web.errors import Conflict
from console.web.render import render
from console.web.services import FromServices, Services

pages = APIRouter()


class Credentials(BaseModel):
    """The sign-in form."""

    name: str = Field("", max_length=2000)
    password: str = Field("", max_length=2000)
    next: str = Field("/", max_length=2000)


class PasswordForm(BaseModel):
    """The form to set a password."""

    current: str = Field("", max_length=2000)
    password: str = Field("", max_length=2000)
    again: str = Field("", max_length=2000)


def _login_rate(request: Request) -> LoginRate:
    return request.app.state.login_rate


Rate = Annotated[LoginRate, Depends(_login_rate)]


@pages.get("/sign-in")
async def show_sign_in(request: Request, services: FromServices, next: str = "/") -> Response:  # noqa: A002 - as the URL says
    """The form; whoever is signed in goes on."""
    if await person_of(request, services) is not None:
        return RedirectResponse(next_page(next), status_code=303)
    return sign_in_form(request, services, next_page(next))


@pages.post("/sign-in")
async def sign_in(
    request: Request, services: FromServices, rate: Rate, form: Annotated[Credentials, Form()]
) -> Response:
    """Begin a session with a name and its password."""
    require_same_origin(request, services.settings.console_url)
    address = address_of(request)
    await rate.require(address, form.name)
    async with services.database.reading() as session:
        found = await check_password(session, form.name, form.password)
    if found is None:
        async with services.database.writing() as session:
            await write_entry(session, "", "sign-in.refused", _line(form.name), address=address)
        error = "The name or the password is wrong."  # and no more than that
        return sign_in_form(request, services, next_page(form.next), refused=form.name or "?", error=error, status=401)
    await rate.forgive(form.name)
    if (hashed := await refreshed_hash(found, form.password)) is not None:
        async with services.database.writing() as session:
            (await account(session, found.id)).password = hashed
    return await start_session(request, services, found, "/password" if found.must_change else next_page(form.next))


async def start_session(request: Request, services: Services, who: Account, target: str) -> Response:
    """Give a browser a session of an account, and send it on."""
    settings, now, address = services.settings, now_ms(), address_of(request)
    async with services.database.writing() as session:
        await remove_expired_sessions(session, now, settings.session_hours)
        opened = await account(session, who.id)
        agent = request.headers.get("User-Agent", "")
        cookie = await open_session(session, opened, now, address=address, agent=agent)
        await write_entry(session, opened.name, "sign-in", address=address)
    answer = RedirectResponse(target, status_code=303)
    set_cookie(answer, cookie, settings.session_hours, https=settings.is_https)
    return answer


@pages.post("/sign-out")
async def sign_out(services: FromServices, person: SignedIn) -> Response:
    """End this session."""
    async with services.database.writing() as session:
        await close_session(session, person.session)
        await audit(session, person, "sign-out")
    answer = RedirectResponse("/sign-in", status_code=303)
    forget_cookie(answer, https=services.settings.is_https)
    return answer


@pages.get("/password")
async def show_password(request: Request, person: SignedIn) -> Response:
    """The form to set a password of one's own."""
    return _password_form(request, must_change=person.must_change)


@pages.post("/password")
async def change_password(
    request: Request,
    services: FromServices,
    person: SignedIn,
    rate: Rate,
    form: Annotated[PasswordForm, Form()],
) -> Response:
    """Set one; every other session of the account ends."""
    await rate.require(person.address, person.name)
    async with services.database.reading() as session:
        own = await account(session, person.account_id)
    error = ""
    if own.password is None:
        raise Conflict("you sign in elsewhere and have no password here")
    if not await verify_password(own.password, form.current):
        error = "The current password is wrong."
    elif form.password != form.again:
        error = "The two new passwords differ."
    elif form.password == form.current:
        error = "Take another password than the current one."
    else:
        try:
            chosen = await chosen_password(form.password, own.name)
            async with services.database.writing() as session:
                await set_password(session, await account(session, own.id), chosen, but=person.session)
                await audit(session, person, "password.change", person.name)
        except WeakPassword as weak:
            error = f"{weak}."
    if error:
        return _password_form(request, must_change=person.must_change, error=error, status=422)
    await rate.forgive(person.name)
    return RedirectResponse("/" if person.must_change else "/account", status_code=303)


def sign_in_form(
    request: Request, services: Services, target: str, *, refused: str = "", error: str = "", status: int = 200
) -> Response:
    """The form, with the name that was `refused` and an `error` that says why somebody is here again."""
    values = {"next": target, "refused": refused, "error": error, "provider": services.settings.oidc_issuer}
    return render(request, "people/sign_in.html", values, status)


def _password_form(request: Request, *, must_change: bool, error: str = "", status: int = 200) -> Response:
    return render(request, "people/password.html", {"must_change": must_change, "error": error}, status)


def _line(text: str) -> str:
    """What somebody typed, so that a log line stays one and a database takes it."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
