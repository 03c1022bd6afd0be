"""The way out to one client: packets gathered for one write per turn of the event loop."""

import asyncio
import logging

logger = logging.getLogger(__name__)

_WRITE_AT = 64 << 10
_PAUSE_AT = 256 << 10


class Outbox:
    """Gathers bytes; a client that lets too many of them lie unread is cut off."""

    def __init__(self, transport: asyncio.Transport, max_unread: int) -> None:
        self._transport = transport
        self._max_unread = max_unread
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        self._size = 0
        transport.set_write_buffer_limits(high=_PAUSE_AT)

    def put(self, data: bytes) -> None:
        """Send soon, after what was put before."""
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)
        self._size += len(data)
        if self._size >= _WRITE_AT:
            self.flush()

    def flush(self) -> None:
        """Send now."""
        parts, self._parts, self._size = self._parts, [], 0
        if not parts or self._transport.is_closing():
            return
        self._transport.write(b"".join(parts))
        if self._transport.get_write_buffer_size() > self._max_unread:
            logger.warning("cut off a client that does not read: %d bytes wait for it", self._max_unread)
            self._transport.abort()
