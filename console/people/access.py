"""Who acts in a request, as FastAPI dependencies: `person: Viewer`, `Engineer`, `Admin`, `Uploader` or `SignedIn`.

Pages take a session; the API takes a session or `Authorization: Bearer fc_…`. Whoever has neither is sent to the
sign-in page, or told 401; whoever lacks the right is told 403. Unsafe methods of a session need its CSRF token.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from console.people.clock import now_ms
from console.people.csrf import SAFE_METHODS, require_csrf
from console.people.person import Person
from console.people.roles import Right, Role
from console.people.sessions import TOUCH_MS, cookie_name, find_session, touch_session
from console.people.tokens import find_token, touch_token
from console.web.errors import NotAllowed, PasswordMustChange, SignInNeeded, is_api
from console.web.services import FromServices, Services


async def person_of(request: Request, services: Services) -> Person | None:
    """Who acts, if anybody; with a token only where programs are served."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if is_api(request.url.path) and kind.lower() == "bearer":
        return await _by_token(request, services, token.strip())
    cookie = request.cookies.get(cookie_name(https=services.settings.is_https), "")
    return await _by_cookie(request, services, cookie) if cookie else None


async def _by_token(request: Request, services: Services, secret: str) -> Person | None:
    now = now_ms()
    async with services.database.reading() as session:
        token = await find_token(session, secret, now)
    if token is None:
        return None
    if token.used_ms is None or token.used_ms < now - TOUCH_MS:
        async with services.database.writing() as session:
            await touch_token(session, token.id, now)
    account = token.account
    return Person(
        account.id,
        account.name,
        Role.of(account.role),
        scopes=token.scopes,
        token=token.name,
        address=address_of(request),
    )


async def _by_cookie(request: Request, services: Services, cookie: str) -> Person | None:
    now = now_ms()
    async with services.database.reading() as session:
        found = await find_session(session, cookie, now, services.settings.session_hours)
    if found is None:
        return None
    if found.used_ms < now - TOUCH_MS:
        async with services.database.writing() as session:
            await touch_session(session, found.digest, now)
    account = found.account
    return Person(
        account.id,
        account.name,
        Role.of(account.role),
        csrf=found.csrf,
        session=found.digest,
        must_change=account.must_change,
        address=address_of(request),
    )


def address_of(request: Request) -> str:
    """The client's address; uvicorn takes it from a proxy that it was told to trust."""
    return request.client.host if request.client else ""


async def signed_in(request: Request, services: FromServices) -> Person:
    """Whoever signed in, even where the password must still be changed.

    Raises:
        SignInNeeded: nobody did, or the token is not valid.
        ForeignRequest: a session's unsafe request without its CSRF token.
    """
    person = await _somebody(request, services)
    if person.scopes is None and request.method not in SAFE_METHODS:
        await require_csrf(request, person.csrf)
    return person


async def _somebody(request: Request, services: Services) -> Person:
    person = await person_of(request, services)
    if person is None:
        raise SignInNeeded("sign in, or send a valid token as `Authorization: Bearer fc_…`")
    request.state.person = person
    return person


SignedIn = Annotated[Person, Depends(signed_in)]


def _with(right: Right) -> Callable[[Person], Awaitable[Person]]:
    async def check(person: SignedIn) -> Person:
        return _checked(person, right)

    return check


def _checked(person: Person, right: Right) -> Person:
    if person.must_change:
        raise PasswordMustChange("set a password of your own first")
    if not person.may(right):
        raise NotAllowed(_why_not(person, right))
    return person


def _why_not(person: Person, right: Right) -> str:
    if person.scopes is not None:
        return f"the token {person.token!r} may not do this: it needs another scope, or its account another role"
    return f"this needs more than the role {person.role.label}: ask an admin ({right.value})"


Viewer = Annotated[Person, Depends(_with(Right.VIEW))]
"""Anybody who signed in, or a token that may read."""
AccountOwner = Annotated[Person, Depends(_with(Right.ACCOUNT))]
"""Anybody who signed in, about their own account; a token needs the scope admin for that."""
Uploader = Annotated[Person, Depends(_with(Right.UPLOAD))]
"""An engineer, or a token that may upload."""
Sender = Annotated[Person, Depends(_with(Right.OUTCOME))]
"""Anybody who signed in, or a token that may read or upload."""
Engineer = Annotated[Person, Depends(_with(Right.ENGINEER))]


async def file_form_sender(request: Request, services: FromServices) -> Person:
    """Whoever may send a form with a file; raises as `signed_in`, but for the token of the form.

    That one lies in a body too large to be read here: the handler holds it against `person.csrf` by `require_token`
    before it keeps anything of what follows.
    """
    return _checked(await _somebody(request, services), Right.UPLOAD)


FileFormSender = Annotated[Person, Depends(file_form_sender)]
Admin = Annotated[Person, Depends(_with(Right.ADMIN))]
