"""A session: what the broker keeps for a client id, with or without a connection (MQTT 5.0 section 4.1)."""

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from faultcast.broker.message import Delivery

if TYPE_CHECKING:
    from faultcast.broker.quota import Quota
    from faultcast.broker.shared import Group

NEVER = 0xFFFFFFFF
"""The Session Expiry Interval that means: keep it for good (section 3.1.2.11.2)."""
_PACKET_IDS = 0xFFFF


class Link(Protocol):
    """What a session sees of the connection it is attached to."""

    writable: bool
    """False while the client is behind in reading."""
    receive_max: int
    """QoS 1 messages that the client takes unacknowledged."""

    def publish(self, delivery: Delivery, *, duplicate: bool) -> bool:
        """Send a PUBLISH; False if the client does not take packets of that size."""
        ...

    def take_over(self) -> None:
        """End the connection: its client id connected again."""
        ...


class Session:
    """Subscriptions, the queue, and what is in flight. Ordered: nothing overtakes within a session."""

    def __init__(self, client_id: str, username: str | None, quota: "Quota") -> None:
        self.client_id = client_id
        self.username = username
        self.quota = quota
        self.expiry = 0
        self.link: Link | None = None
        self.filters: set[str] = set()
        self.groups: dict[Group, None] = {}
        self.dropped = 0
        self._queue: deque[Delivery] = deque()
        self._inflight: dict[int, Delivery] = {}
        self._last_id = 0

    @property
    def ready(self) -> bool:
        """Whether a delivery could go out now, with nothing of the session's own in front of it."""
        link = self.link
        return link is not None and link.writable and len(self._inflight) < link.receive_max and not self._queue

    def offer(self, delivery: Delivery) -> None:
        """Take a delivery. QoS 0 promises nothing: it is dropped when the client is away or its queue is full."""
        if delivery.qos == 0 and (self.link is None or self.quota.full):
            self.dropped += 1
            return
        self.quota.charge(delivery.message.size)
        if self.ready:
            self.send(delivery)
        else:
            self._queue.append(delivery)

    def pump(self) -> None:
        """Send what can be sent: first what waits here, then what waits in the shared subscriptions."""
        link = self.link
        if link is None:
            return
        queue = self._queue
        while queue and link.writable and len(self._inflight) < link.receive_max:
            self.send(queue.popleft())
        if self.groups and self.ready:
            for group in self.groups:
                group.pump()

    def send(self, delivery: Delivery) -> None:
        """Send a delivery over the link that is there; one with a packet id was sent before and goes as a duplicate."""
        link = self.link
        if link is None:
            raise RuntimeError("a session without a connection sends nothing")
        duplicate = delivery.packet_id != 0
        if not duplicate and delivery.message.expired:
            self._settle(delivery)
            return
        if delivery.qos:
            if not duplicate:
                delivery.packet_id = self._next_id()
            self._inflight[delivery.packet_id] = delivery
            if not link.publish(delivery, duplicate=duplicate):
                self.acknowledge(delivery.packet_id)
        else:
            link.publish(delivery, duplicate=False)
            self._settle(delivery)

    def acknowledge(self, packet_id: int) -> None:
        """The client has the message; an id that is not in flight says nothing new."""
        delivery = self._inflight.pop(packet_id, None)
        if delivery is not None:
            self._settle(delivery)

    def attach(self, link: Link) -> None:
        """A connection serves this session from now on. `pump` then sends again what was never acknowledged."""
        self.link = link

    def detach(self) -> None:
        """The connection is gone. What it left unacknowledged goes first in the next one (section 4.4)."""
        self.link = None
        waiting = [*self._inflight.values(), *self._queue]
        self._inflight.clear()
        self._queue.clear()
        for delivery in waiting:
            if delivery.qos:
                self._queue.append(delivery)
            else:
                self._settle(delivery)

    def end(self) -> None:
        """Forget everything; messages of shared subscriptions go back in front, for another member."""
        self.detach()
        for delivery in reversed(self._queue):
            if delivery.group is None:
                self._settle(delivery)
            else:
                delivery.group.take_back(delivery.message)
        self._queue.clear()

    def _settle(self, delivery: Delivery) -> None:
        source = self if delivery.group is None else delivery.group
        source.quota.release(delivery.message.size)

    def _next_id(self) -> int:
        # Ends: fewer than 65,535 are in flight, for receive_max bounds them. What was sent on an earlier connection
        # goes out again before anything new, so its ids are among those in flight by now.
        candidate = self._last_id % _PACKET_IDS + 1
        while candidate in self._inflight:
            candidate = candidate % _PACKET_IDS + 1
        self._last_id = candidate
        return candidate


@dataclass(slots=True)
class Subscription:
    """One filter of one session (section 3.8.3). `qos` is what was granted; `identifier` is 0 for none."""

    session: Session
    qos: int
    no_local: bool
    retain_as_published: bool
    identifier: int

    def identifiers(self) -> list[int]:
        """As the PUBLISH carries it."""
        return [self.identifier] if self.identifier else []
