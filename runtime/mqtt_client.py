"""The MQTT 5 client: aiomqtt 3.0.0a1 with the faults mended that would make a worker wait for ever.

That version is pinned, so its inner methods can be relied on. Each of the three below has a test that hangs or leaks
without it.
"""

from contextlib import suppress
from typing import Any

import aiomqtt


class MqttClient(aiomqtt.Client):
    """A client whose lost connections are always noticed."""

    async def _run_background_tasks(self) -> None:
        """Take the death of the receiving task for what it is: the end of the connection.

        A connection that was reset makes it die of an `OSError` (and one oversized packet of a `RuntimeError`), and
        everything that waits for messages or acknowledgements would wait on.
        """
        try:
            await super()._run_background_tasks()
        except* Exception:  # noqa: BLE001 (whatever it died of)
            self._writer.transport.abort()
            self._mark_lost()

    async def _disconnect(self, **properties: Any) -> None:
        """Leave a connection that has just broken quietly: its error would take the place of a cancellation."""
        try:
            await super()._disconnect(**properties)
        except OSError:
            self._writer.transport.abort()
            self._mark_lost()

    async def _connect(self) -> None:
        """Leave no socket behind when the broker refuses us or does not answer."""
        try:
            await super()._connect()
        except BaseException:
            with suppress(AttributeError):  # none was opened
                self._writer.transport.abort()
            with suppress(AttributeError):
                self._socket.close()
            raise

    def _mark_lost(self) -> None:
        if not self._disconnected.done():
            self._disconnected.set_result(None)
