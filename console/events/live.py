"""Crashes as they come in, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import StreamingResponse

from console.database.undisturbed import undisturbed
from console.events.filter import EventFilter
from console.events.query import CrashRow, changed_since, newest_change
from console.people.clock import now_ms
from console.web.services import Services
from contract.errors import ServiceError
from runtime.rest import rest

LOOK_SECONDS: Final = 0.25
HEARTBEAT_SECONDS: Final = 15.0
RETRY_MS: Final = 2000
AFTER: Final = "after"
"""Parameter: the number of a change that is known already, as a page that was just read knows it."""


async def follow(services: Services, asked: EventFilter, change: int | None) -> AsyncIterator[tuple[CrashRow, ...]]:
    """Batches of crashes that come or change after `change` and fit; empty ones where it was quiet for long.

    Looks at the newest number of the database, so that it makes no difference which process took the crash in.
    """
    loop = asyncio.get_running_loop()
    told = loop.time()
    while not services.stopping.is_set():
        newest, rows = await undisturbed(_look(services, asked, change))
        change = newest if change is None else change
        # What does not fit was passed over; what fits beyond a batch is still to come.
        change = rows[-1].change if rows else max(change, newest)
        if rows or loop.time() - told > HEARTBEAT_SECONDS:
            told = loop.time()
            yield rows
        if not rows:
            await rest(services.stopping, LOOK_SECONDS)


async def _look(services: Services, asked: EventFilter, change: int | None) -> tuple[int, tuple[CrashRow, ...]]:
    """The newest number, and the crashes after `change` that fit."""
    async with services.database.reading() as session:
        newest = await newest_change(session)
        if change is None or newest <= change:
            return newest, ()
        return newest, await changed_since(session, asked, change, now_ms())


def stream(
    request: Request, services: Services, asked: EventFilter, write: Callable[[CrashRow], str]
) -> StreamingResponse:
    """The answer to a subscription: what comes after `Last-Event-ID`, after the parameter `after`, or after now."""
    last = request.headers.get("Last-Event-ID") or request.query_params.get(AFTER, "")
    start = int(last) if last.isascii() and last.isdecimal() and len(last) < 19 else None

    async def lines() -> AsyncIterator[str]:
        yield f"retry: {RETRY_MS}\n\n"
        try:
            async for rows in follow(services, asked, start):
                yield "".join(_message(row.change, write(row)) for row in rows) or ": quiet\n\n"
        except ServiceError:
            # The headers are sent: closing makes the client come back, with the number it has.
            return

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


def _message(number: int, text: str) -> str:
    data = "".join(f"data: {line}\n" for line in text.splitlines())
    return f"event: crash\nid: {number}\n{data}\n"
