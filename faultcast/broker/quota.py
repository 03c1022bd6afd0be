"""How much may wait: messages and bytes against a limit, with a way to hear that there is room again."""

from collections.abc import Callable


class Quota:
    """Counts what waits in one place, and in the larger place around it.

    Full from its limit on until a quarter has drained, so that publishers are woken for a batch and not for each
    message. One message more than the limit always fits: a message larger than the limit could never pass otherwise.
    """

    __slots__ = ("_full", "_max_bytes", "_max_messages", "_on_room", "_parent", "bytes", "messages")

    def __init__(
        self, max_messages: int, max_bytes: int, on_room: Callable[[], None], parent: "Quota | None" = None
    ) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._on_room = on_room
        self._parent = parent
        self._full = False
        self.messages = 0
        self.bytes = 0

    @property
    def full(self) -> bool:
        """No room, here or in the place around."""
        return self._full or (self._parent is not None and self._parent.full)

    def charge(self, size: int) -> None:
        """A message of this size waits from now on."""
        self.messages += 1
        self.bytes += size
        if self.messages >= self._max_messages or self.bytes >= self._max_bytes:
            self._full = True
        if self._parent is not None:
            self._parent.charge(size)

    def release(self, size: int) -> None:
        """A message of this size waits no more."""
        self.messages -= 1
        self.bytes -= size
        if self._parent is not None:
            self._parent.release(size)
        if self._full and self.messages * 4 <= self._max_messages * 3 and self.bytes * 4 <= self._max_bytes * 3:
            self._full = False
            self._on_room()
