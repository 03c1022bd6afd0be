"""How much somebody may send, and how slowly: bodies of requests have a size and a time."""

import asyncio
from collections.abc import Set as AbstractSet
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.web.errors import answer_with
from contract.errors import LimitExceeded

MAX_BODY: Final = 1 << 20
"""Bytes of a body that is no upload; forms and JSON of ours are far smaller."""
BODY_SECONDS: Final = 30.0
"""How long such a body may take as a whole."""
IDLE_SECONDS: Final = 60.0
"""How long an upload may stand still; as a whole it takes as long as its line is slow."""


class BodyLimits:
    """Refuses bodies that are too large, 413, or too slow, 408.

    `uploads` are paths to which files are posted: those limit the size themselves, as they write to the disk.
    """

    def __init__(self, app: ASGIApp, *, uploads: AbstractSet[str]) -> None:
        self._app = app
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "POST" and scope["path"].rstrip("/") in self._uploads:
            await self._app(scope, _unhurried(receive), send)
            return
        request = Request(scope)
        announced = request.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced[:20]) > MAX_BODY:
            # What was not read would be taken for the next request.
            refusal = answer_with(request, 413, LimitExceeded.code, _too_large(), {"Connection": "close"})
            await refusal(scope, receive, send)
            return
        await self._app(scope, _limited(receive), send)


def _limited(receive: Receive) -> Receive:
    """A body of at most `MAX_BODY` bytes within `BODY_SECONDS`."""
    taken, is_complete, deadline = 0, False, asyncio.get_running_loop().time() + BODY_SECONDS

    async def limited() -> Message:
        nonlocal taken, is_complete
        if is_complete:  # then this waits for the client to go away
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError as error:
            raise _too_slow() from error
        taken += len(message.get("body", b""))
        is_complete = not message.get("more_body", False)
        if taken > MAX_BODY:
            raise HTTPException(413, _too_large(), {"Connection": "close"})
        return message

    return limited


def _unhurried(receive: Receive) -> Receive:
    """A body of any size that does not stand still for `IDLE_SECONDS`."""
    is_complete = False

    async def unhurried() -> Message:
        nonlocal is_complete
        if is_complete:
            return await receive()
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                message = await receive()
        except TimeoutError as error:
            raise _too_slow() from error
        is_complete = not message.get("more_body", False)
        return message

    return unhurried


def _too_large() -> str:
    return f"a request has at most {MAX_BODY} bytes here; firmware and dumps have addresses of their own"


def _too_slow() -> HTTPException:
    return HTTPException(408, "the rest of the request did not come in time: send it again", {"Connection": "close"})
