"""The pages between the sign-in page and the OpenID Connect provider: there and back."""

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from console.people.access import address_of
from console.people.audit import write_entry
from console.people.clock import now_ms
from console.people.identity import SignInRefused, account_of, identity_of
from console.people.next_page import next_page
from console.people.provider import ATTEMPT_SECONDS, CALLBACK, Provider, ProviderUnavailable
from console.people.sign_in import sign_in_form, start_session
from console.web.errors import NotFound, status_of
from console.web.services import FromServices, Services

router: Final = APIRouter()


def _cookie_name(services: Services) -> str:
    return "__Host-faultcast-oidc" if services.settings.is_https else "faultcast-oidc"


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise NotFound("people sign in here with a name and a password only")
    return provider


@router.get("/sign-in/oidc")
async def leave(request: Request, services: FromServices, next: str = "/") -> Response:  # noqa: A002 - as the URL says
    """Send a browser to the provider."""
    target = next_page(next[:2000])
    try:
        address, cookie = await _provider(request).begin(target)
    except ProviderUnavailable as error:
        return sign_in_form(request, services, target, error=_sorry(error), status=status_of(error))
    answer = RedirectResponse(address, status_code=303)
    # Lax: the provider's page leads back here, and the cookie must come along.
    answer.set_cookie(
        _cookie_name(services),
        cookie,
        max_age=ATTEMPT_SECONDS,
        httponly=True,
        secure=services.settings.is_https,
        samesite="lax",
        path="/",
    )
    return answer


@router.get(CALLBACK)
async def come_back(
    request: Request, services: FromServices, code: str = "", state: str = "", error: str = ""
) -> Response:
    """Take a browser back: check what the provider says, and begin a session."""
    provider, name = _provider(request), _cookie_name(services)
    target = "/"
    try:
        attempt = provider.attempt(request.cookies.get(name, ""), state)
        target = attempt.target
        _require_code(code, error)
        identity = identity_of(await provider.claims(attempt, code), services.settings)
        async with services.database.writing() as session:
            account = await account_of(session, identity, now_ms())
        answer = await start_session(request, services, account, target)
    except (SignInRefused, ProviderUnavailable) as refused:
        async with services.database.writing() as session:
            await write_entry(session, "", "sign-in.refused", detail=str(refused), address=address_of(request))
        words = f"{refused}." if isinstance(refused, SignInRefused) else _sorry(refused)
        answer = sign_in_form(request, services, target, error=words, status=status_of(refused))
    answer.delete_cookie(name, httponly=True, secure=services.settings.is_https, samesite="lax", path="/")
    return answer


def _sorry(error: ProviderUnavailable) -> str:
    return f"{error}. Who has a password here can go on signing in with it."


def _require_code(code: str, error: str) -> None:
    if error or not code:
        raise SignInRefused(f"the provider did not sign you in ({_line(error) or 'no code'})")


def _line(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:100]
