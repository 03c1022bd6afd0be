"""The broker: a listening socket and what all its connections share."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from faultcast.broker.access import Access, Grant
from faultcast.broker.connection import Connection
from faultcast.broker.limits import Limits
from faultcast.broker.router import Router
from faultcast.broker.sessions import Sessions

logger = logging.getLogger(__name__)


class Broker:
    """An MQTT broker on one event loop; everything it knows is gone when it closes.

    Args:
        users: passwords by user name; None lets everybody in.
        grants: what users may read and write; none at all allows everything.
        limits: what it takes on before somebody has to wait.
    """

    def __init__(
        self,
        *,
        users: Mapping[str, str] | None = None,
        grants: Sequence[Grant] = (),
        limits: Limits = Limits(),  # noqa: B008 - immutable
    ) -> None:
        self._limits = limits
        self._access = Access(users, grants)
        self._router = Router(limits, self._wake)
        self._sessions = Sessions(self._router, limits.sessions)
        self._connections: set[Connection] = set()
        self._somebody_left = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen, and return the port: the one asked for, or a free one for 0. OSError if it is taken."""
        if self._server is not None:
            raise RuntimeError("this broker is already listening")
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, host, port)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Send everybody away and stop listening. Calling it twice does no harm."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for connection in list(self._connections):
            connection.shut_down()
        # Each connection cuts itself off after `linger_seconds`, so this ends.
        while self._connections:
            self._somebody_left.clear()
            await self._somebody_left.wait()
        self._sessions.close()
        await server.wait_closed()

    def _accept(self) -> Connection:
        connection = Connection(self._router, self._sessions, self._access, self._limits, on_lost=self._forget)
        self._connections.add(connection)
        return connection

    def _forget(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._somebody_left.set()

    def _wake(self) -> None:
        """Let the publishers that wait try again, once whatever made the room is done."""
        asyncio.get_running_loop().call_soon(self._router.wake)
