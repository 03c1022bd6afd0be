"""Retained messages: the last one of each topic, for those who subscribe later (MQTT 5.0 section 3.3.1.3)."""

import logging

from faultcast.broker.message import Message
from faultcast.broker.topic import matches

logger = logging.getLogger(__name__)


class Retained:
    """Bounded by number and bytes. A subscription looks at all of them: this is a small broker."""

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._messages: dict[str, Message] = {}
        self._bytes = 0

    def has_room(self, message: Message) -> bool:
        """Whether `keep` would stay within the bounds."""
        known = self._messages.get(message.topic)
        messages = len(self._messages) + (known is None)
        size = self._bytes + message.size - (known.size if known else 0)
        return not message.packet.payload or (messages <= self._max_messages and size <= self._max_bytes)

    def keep(self, message: Message) -> None:
        """Put in place of the topic's earlier one; an empty payload removes that one and is not kept.

        Without room it is not kept either: a will cannot be refused any more when its time comes.
        """
        if not self.has_room(message):
            logger.warning("no room for a retained message: not kept")
            return
        known = self._messages.pop(message.topic, None)
        if known is not None:
            self._bytes -= known.size
        if message.packet.payload:
            self._messages[message.topic] = message
            self._bytes += message.size

    def match(self, pattern: str) -> list[Message]:
        """The living messages whose topic the filter matches."""
        return [m for m in self._messages.values() if matches(pattern, m.topic) and not m.expired]
