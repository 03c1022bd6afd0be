"""Shared subscriptions: one queue, many members (MQTT 5.0 section 4.8.2).

The queue belongs to the group, and a member takes from it only what it can send at once. So members take turns, a slow
one takes less, and one that dies holds nothing but what it had in flight.
"""

from collections import deque
from typing import TYPE_CHECKING

from faultcast.broker.message import Delivery, Message

if TYPE_CHECKING:
    from faultcast.broker.quota import Quota
    from faultcast.broker.session import Session, Subscription


class Group:
    """The members and the queue of one `$share/{group}/{filter}`."""

    def __init__(self, quota: "Quota") -> None:
        self.quota = quota
        self._queue: deque[Message] = deque()
        self._members: deque[Subscription] = deque()

    @property
    def empty(self) -> bool:
        """Whether the last member has left."""
        return not self._members

    def join(self, member: "Subscription") -> bool:
        """Add a member, or change the options of one; True if it is new."""
        for place, known in enumerate(self._members):
            if known.session is member.session:
                self._members[place] = member
                return False
        self._members.append(member)
        member.session.groups[self] = None
        return True

    def leave(self, session: "Session") -> bool:
        """Remove a member; the last one takes the queue with it. False if it was none."""
        for member in self._members:
            if member.session is session:
                self._members.remove(member)
                del session.groups[self]
                break
        else:
            return False
        if not self._members:
            while self._queue:
                self.quota.release(self._queue.popleft().size)
        return True

    def offer(self, message: Message) -> None:
        """Take a message for one of the members. QoS 0 is dropped when nobody is there or the queue is full."""
        if not message.qos and (self.quota.full or all(member.session.link is None for member in self._members)):
            return
        self.quota.charge(message.size)
        self._queue.append(message)
        self.pump()

    def pump(self) -> None:
        """Hand out what waits, in turns, while members can take more."""
        while self._queue:
            member = self._next_ready()
            if member is None:
                return
            message = self._queue.popleft()
            qos = min(message.qos, member.qos)
            retain = message.retain and member.retain_as_published
            member.session.send(Delivery(message, qos, member.identifiers(), retain=retain, group=self))

    def take_back(self, message: Message) -> None:
        """A member's session ended before it acknowledged: the message is next again."""
        if self._members:
            self._queue.appendleft(message)
        else:
            self.quota.release(message.size)

    def _next_ready(self) -> "Subscription | None":
        members = self._members
        for _ in range(len(members)):
            members.rotate(-1)
            if members[-1].session.ready:
                return members[-1]
        return None
