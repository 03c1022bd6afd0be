"""The HTTP server in front of the application: how long heads may be and take, and which proxies are believed."""

import asyncio
from typing import Final

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from console.settings import ConsoleSettings

DRAIN_SECONDS: Final = 8
"""How long requests that were begun may take when the process stops; less than what a supervisor waits."""
MAX_HEAD: Final = 32 * 1024
"""Bytes of a request's line and headers; past it the answer is 400."""
HEAD_SECONDS: Final = 20.0
"""How long these may take."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that does not wait for ever for the head of a request."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first head is expected."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """A head was completed, or another one began."""
        super().data_received(data)
        if self._has_request():
            self._forget()
        elif self._waiting is None:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._forget()
        super().connection_lost(exc)

    def _has_request(self) -> bool:
        # None until the first request, whatever its type says.
        return bool(self.cycle) and not self.cycle.response_complete

    def _expect_head(self) -> None:
        self._waiting = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _forget(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self._has_request():
            self.transport.close()


def create_server(app: FastAPI, settings: ConsoleSettings) -> uvicorn.Server:
    """A server of the application, which listens where its caller says."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=PatientProtocol,
            ws="none",
            h11_max_incomplete_event_size=MAX_HEAD,
            proxy_headers=True,
            forwarded_allow_ips=[each.strip() for each in settings.trusted_proxies.split(",") if each.strip()],
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )
