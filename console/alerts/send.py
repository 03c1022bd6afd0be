"""Sending one alert to one target, once: a signed webhook, or a message by Apprise."""

import asyncio
import logging
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any, Final, Protocol, TypeVar

import httpx
from standardwebhooks import Webhook

from console.alerts.alert import decode_alert, message_of
from console.database.tables import AlertTarget

SECONDS: Final = 15.0
"""One try may take so long in all."""
MAX_REPLY: Final = 500
"""Characters of an answer that are kept."""
WEBHOOK: Final = "webhook"
APPRISE: Final = "apprise"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try."""

    delivered: bool
    reply: str
    """What the other side said, or why it could not be asked; one line."""


class Send(Protocol):
    """Sends a body to a target; tells every failure as an outcome."""

    async def __call__(self, target: AlertTarget, body: str) -> Outcome:
        """Send."""
        ...


async def send(target: AlertTarget, body: str) -> Outcome:
    """Send, and say what came of it."""
    way = _by_webhook if target.kind == WEBHOOK else _by_apprise
    try:
        async with asyncio.timeout(SECONDS):
            return await way(target, body)
    except TimeoutError:
        return Outcome(delivered=False, reply=f"no answer within {SECONDS:.0f} s")


async def _by_webhook(target: AlertTarget, body: str) -> Outcome:
    """POST as the Standard Webhooks specification says; redirects are not followed, for they were not agreed to."""
    now, id_ = datetime.now(UTC), decode_alert(body).id
    headers = {
        "content-type": "application/json",
        "user-agent": "Faultcast",
        "webhook-id": id_,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(target.secret).sign(id_, now, body),
    }
    try:
        async with (
            httpx.AsyncClient(follow_redirects=False, timeout=SECONDS) as client,
            client.stream("POST", target.url, content=body.encode(), headers=headers) as answer,
        ):
            text = await _start_of(answer)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        return Outcome(delivered=False, reply=_line(f"{type(error).__name__}: {error}"))
    if answer.is_redirect:
        where = answer.headers.get("location", "")
        return Outcome(
            delivered=False,
            reply=_line(f"{answer.status_code}: redirects are not followed, set the address it leads to: {where}"),
        )
    return Outcome(delivered=answer.is_success, reply=_line(f"{answer.status_code} {answer.reason_phrase} {text}"))


async def _start_of(answer: httpx.Response) -> str:
    start = b""
    async for piece in answer.aiter_bytes(4096):
        start += piece
        if len(start) >= MAX_REPLY:
            break
    return start[:MAX_REPLY].decode("utf-8", "replace")


async def _by_apprise(target: AlertTarget, body: str) -> Outcome:
    return await _in_thread(lambda: _notify(target.url, body))


def _notify(url: str, body: str) -> Outcome:
    # Only apprise's own records tell why something failed; its threads run in the context of this call.
    said: list[str] = []
    _said.set(said)
    handler = _Said(said)
    title, text = message_of(decode_alert(body))
    apprise = load_apprise()
    logger = logging.getLogger("apprise")
    logger.addHandler(handler)
    try:
        service = apprise.Apprise()
        if not service.add(url):
            return Outcome(delivered=False, reply="Apprise does not know this address, or something in it is missing")
        delivered = bool(service.notify(title=title, body=text, body_format=apprise.NotifyFormat.TEXT))
    finally:
        logger.removeHandler(handler)
    why = said[-1] if said else "the service did not take it and did not say why"
    return Outcome(delivered=delivered, reply="sent" if delivered else _line(why))


_said: ContextVar[list[str] | None] = ContextVar("said", default=None)


class _Said(logging.Handler):
    """Keeps the warnings and errors of one call, not of those beside it."""

    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._its = said

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        if _said.get() is self._its:
            self._its.append(record.getMessage())


@cache
def load_apprise() -> Any:
    """The library, which takes a second and looks for modules that newer Pythons do not have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        apprise: Any = import_module("apprise")
        apprise.Apprise.instantiate("json://localhost")  # loads the services
    return apprise


async def _in_thread(work: Callable[[], T]) -> T:
    """Run in a thread that may be left behind: one that hangs must not keep the process from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def finish(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # pyright: ignore[reportArgumentType] - there is one where there is no error

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - told by whoever waits
            failure = error
        with suppress(RuntimeError):  # nobody waits any more
            loop.call_soon_threadsafe(finish, result, failure)

    threading.Thread(target=run, name="alert", daemon=True).start()
    return await done


def _line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:MAX_REPLY]
