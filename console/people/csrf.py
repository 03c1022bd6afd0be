"""Requests that a foreign page lets a signed-in browser send, and how to tell them."""

import secrets
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from console.web.errors import NotAllowed

HEADER: Final = "X-CSRF-Token"
FIELD: Final = "csrf"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM: Final = "application/x-www-form-urlencoded"


class ForeignRequest(NotAllowed):
    """The request does not come from a page of ours, as far as can be told."""

    code = "csrf"


async def require_csrf(request: Request, expected: str) -> None:
    """Let a request of a session pass that carries the session's token in its header or its form.

    Uploads carry it in the header: their body may be larger than memory and is not looked into here.

    Raises:
        ForeignRequest: it carries none, or another one.
    """
    given = request.headers.get(HEADER, "")
    if not given and request.headers.get("content-type", "").split(";")[0].strip() == _FORM:
        field = (await request.form()).get(FIELD, "")
        given = field if isinstance(field, str) else ""
    require_token(given, expected)


def require_token(given: str, expected: str) -> None:
    """Let a session's token pass; raises `ForeignRequest` for any other one."""
    if not expected or not secrets.compare_digest(given.encode(errors="replace"), expected.encode()):
        raise ForeignRequest("the page is too old, or the request came from elsewhere: reload the page and try again")


def require_same_origin(request: Request, console_url: str) -> None:
    """Let a request without a session pass that a page of ours sent, as the browser says; others say nothing.

    `console_url` is what people type, empty where no proxy stands in between.

    Raises:
        ForeignRequest: the browser names another origin.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise ForeignRequest("the form was sent from another site: open the sign-in page here and try again")
    origin = request.headers.get("Origin")
    ours = {request.headers.get("Host", ""), urlsplit(console_url).netloc} - {""}
    if origin is not None and urlsplit(origin).netloc not in ours:
        raise ForeignRequest("the form was sent from another address: set FAULTCAST_CONSOLE_URL to what people type")
