"""Errors as answers: one mapping from the contract's errors to a status; JSON for the API, a page for people."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from console.web.headers import SECURITY_HEADERS
from console.web.render import render
from contract.errors import FaultcastError, InputError, LimitExceeded, ServiceError
from runtime.store import NoSuchObject


class NotFound(InputError):
    """There is no such thing, or none any more."""

    code = "not-found"


class Conflict(InputError):
    """What was asked for contradicts what is there."""

    code = "conflict"


class Gone(InputError):
    """It was here, and was removed for good."""

    code = "gone"


class SignInNeeded(InputError):
    """Nobody is signed in, and no token was given, or one that is not valid."""

    code = "sign-in-needed"


class NotAllowed(InputError):
    """Whoever asks may not do this."""

    code = "not-allowed"


class PasswordMustChange(NotAllowed):
    """The password was for one use, and there is no other one yet."""

    code = "password-must-change"


class TooManyRequests(InputError):
    """Asked too often; `retry_after` is in seconds."""

    code = "too-many-requests"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


STATUS: Final[Mapping[type[Exception], int]] = {
    SignInNeeded: 401,
    NotAllowed: 403,
    NotFound: 404,
    NoSuchObject: 404,
    Conflict: 409,
    Gone: 410,
    LimitExceeded: 413,
    TooManyRequests: 429,
    InputError: 422,
    ServiceError: 503,
    FaultcastError: 500,
}
"""Of each class of errors; the nearest one above an error's own class counts."""

_CODES: Final = {
    400: "input",
    401: SignInNeeded.code,
    403: NotAllowed.code,
    404: NotFound.code,
    405: "method-not-allowed",
    408: "too-slow",
    409: Conflict.code,
    413: LimitExceeded.code,
    422: InputError.code,
    429: TooManyRequests.code,
}


class Problem(BaseModel):
    """What the API answers when something is wrong."""

    code: str = Field(description="Stable: match on this, never on the message.", examples=["not-found"])
    message: str = Field(description="What happened, and what to do next.")


def refuses(texts: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of routes: the statuses of problems, and when they come, for the OpenAPI document."""
    return {status: {"model": Problem, "description": text} for status, text in texts.items()}


def status_of(error: FaultcastError) -> int:
    """The HTTP status that an error is answered with."""
    return next(STATUS[each] for each in type(error).__mro__ if each in STATUS)


def is_api(path: str) -> bool:
    """Whether a path belongs to programs, which get JSON, and not to people, who get pages."""
    return path.startswith("/api/")


def answer_errors(app: FastAPI) -> None:
    """Let an application answer errors our way."""
    app.exception_handler(FaultcastError)(_ours)
    app.exception_handler(HTTPException)(_of_http)
    app.exception_handler(RequestValidationError)(_of_values)
    app.exception_handler(Exception)(_unexpected)


def _ours(request: Request, error: FaultcastError) -> Response:
    if isinstance(error, SignInNeeded) and not is_api(request.url.path):
        return _to_sign_in(request)
    if isinstance(error, PasswordMustChange) and not is_api(request.url.path):
        return RedirectResponse("/password", status_code=303)
    headers: dict[str, str] = {}
    if isinstance(error, SignInNeeded):
        headers["WWW-Authenticate"] = 'Bearer realm="faultcast"'
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.retry_after)
    return answer_with(request, status_of(error), error.code, str(error), headers)


def _to_sign_in(request: Request) -> Response:
    """Send a person to the sign-in page and from there back; htmx follows redirects only where it is told."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.headers.get("HX-Request"):
        page = urlsplit(request.headers.get("HX-Current-URL", "/"))
        here = page.path + (f"?{page.query}" if page.query else "")
        return Response(status_code=401, headers={"HX-Redirect": f"/sign-in?next={quote(here, safe='')}"})
    target = f"/sign-in?next={quote(here, safe='')}" if request.method in ("GET", "HEAD") else "/sign-in"
    return RedirectResponse(target, status_code=303)


def _of_http(request: Request, error: HTTPException) -> Response:
    message = error.detail
    if message == HTTPStatus(error.status_code).phrase:
        message = _SENTENCES.get(error.status_code, message)
    code = _CODES.get(error.status_code, FaultcastError.code if error.status_code >= 500 else InputError.code)
    return answer_with(request, error.status_code, code, message, error.headers or {})


_SENTENCES: Final = {
    404: "there is nothing at this address",
    405: "this address does not take that method",
}


def _of_values(request: Request, error: RequestValidationError) -> Response:
    wrong = [f"{'.'.join(map(str, item['loc'][1:])) or item['loc'][0]}: {item['msg']}" for item in error.errors()]
    return answer_with(request, 422, InputError.code, "; ".join(wrong), {})


def _unexpected(request: Request, _error: Exception) -> Response:
    # Told outside of all middleware, hence the headers; the server logs the error itself.
    message = "something went wrong here; the log of the console says what"
    return answer_with(request, 500, FaultcastError.code, message, SECURITY_HEADERS)


def answer_with(request: Request, status: int, code: str, message: str, headers: Mapping[str, str]) -> Response:
    """A problem as JSON or as a page, by whom the path belongs to."""
    if is_api(request.url.path):
        return JSONResponse({"code": code, "message": message}, status, headers=dict(headers))
    title = HTTPStatus(status).phrase
    return render(request, "error.html", {"title": title, "code": code, "message": message}, status, headers)
