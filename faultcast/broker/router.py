"""From a topic to the sessions that asked for it."""

from collections.abc import Callable
from typing import Protocol

from mqtt5 import RetainHandling

from faultcast.broker.limits import Limits
from faultcast.broker.message import Delivery, Message
from faultcast.broker.quota import Quota
from faultcast.broker.retained import Retained
from faultcast.broker.session import Session, Subscription
from faultcast.broker.shared import Group
from faultcast.broker.topic import split_share
from faultcast.broker.tree import TopicTree

_CACHED_TOPICS = 10_000


class Publisher(Protocol):
    """A connection that holds a message for which there was no room."""

    def retry(self) -> bool:
        """Try again; False if it has to wait on."""
        ...


class _Route:
    """All subscriptions of one session that match a topic: overlapping ones make one delivery (section 3.3.4).

    `for_itself` is the same without the No Local ones: what the session's own client gets of what it publishes.
    """

    __slots__ = ("for_itself", "identifiers", "qos", "retain_as_published", "session")

    def __init__(self, session: Session, subscriptions: list[Subscription]) -> None:
        self.session = session
        self.qos = max(s.qos for s in subscriptions)
        self.retain_as_published = any(s.retain_as_published for s in subscriptions)
        self.identifiers = [s.identifier for s in subscriptions if s.identifier]
        rest = [s for s in subscriptions if not s.no_local]
        self.for_itself: _Route | None
        if len(rest) == len(subscriptions):
            self.for_itself = self
        else:
            self.for_itself = _Route(session, rest) if rest else None


class Router:
    """Subscriptions, shared subscriptions and retained messages.

    `on_room` is called when a queue that was full has room again, or is gone.
    """

    def __init__(self, limits: Limits, on_room: Callable[[], None]) -> None:
        self.retained = Retained(limits.retained_messages, limits.retained_bytes)
        self._limits = limits
        self._on_room = on_room
        self._waiting: dict[Publisher, None] = {}
        self.held = Quota(limits.held_bytes, limits.held_bytes, _nothing)
        """What publishers hold while they wait. It is no part of the total: that one has to drain first."""
        self._total = Quota(limits.total_bytes, limits.total_bytes, on_room)
        self._subscriptions: TopicTree[Subscription] = TopicTree()
        self._groups: TopicTree[Group] = TopicTree()
        self._met: dict[str, tuple[list[_Route], list[Group]]] = {}

    def quota(self) -> Quota:
        """For one more queue, within the limit that all share."""
        return Quota(self._limits.session_messages, self._limits.session_bytes, self._on_room, self._total)

    def admits(self, message: Message) -> bool:
        """Whether every queue that has to keep this message has room. At QoS 0 nobody has to."""
        if not message.qos:
            return True
        routes, groups = self._meet(message.topic)
        for route in routes:
            if route.qos and route.session.quota.full:
                return False
        for group in groups:  # noqa: SIM110 - `any` with a generator takes a tenth of the time of a whole message
            if group.quota.full:
                return False
        return True

    def deliver(self, message: Message) -> None:
        """Hand a message to every session and group that asked for it, whether or not there is room."""
        if message.retain:
            self.retained.keep(message)
        routes, groups = self._meet(message.topic)
        for route in routes:
            meant = route.for_itself if route.session.client_id == message.publisher else route
            if meant is not None:
                meant.session.offer(
                    Delivery(
                        message,
                        min(message.qos, meant.qos),
                        meant.identifiers,
                        retain=message.retain and meant.retain_as_published,
                    )
                )
        for group in groups:
            group.offer(message)

    def subscribe(self, pattern: str, subscription: Subscription, handling: RetainHandling) -> Callable[[], None]:
        """Add or replace a subscription of a session to a valid filter (shared ones included).

        Returns what is left to do once the SUBACK is on its way: send the retained messages.
        """
        session = subscription.session
        share, inner = split_share(pattern)
        if share is not None:
            group = self._groups.get(inner, share)
            if group is None:
                group = Group(self.quota())
                self._groups.put(inner, share, group)
            group.join(subscription)
            send_retained = False
        else:
            known = self._subscriptions.get(inner, session)
            self._subscriptions.put(inner, session, subscription)
            send_retained = handling == RetainHandling.SEND_ALWAYS or (
                handling == RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS and known is None
            )
        session.filters.add(pattern)
        self._met.clear()

        def follow_up() -> None:
            if share is not None:
                session.pump()
            # Bounded by the session's queue: nothing is lost, for they are kept.
            for message in self.retained.match(inner) if send_retained and not session.quota.full else ():
                qos = min(message.qos, subscription.qos)
                session.offer(Delivery(message, qos, subscription.identifiers(), retain=True))

        return follow_up

    def unsubscribe(self, pattern: str, session: Session) -> bool:
        """Remove a subscription; False if there was none. What is already queued for the session stays queued."""
        if pattern not in session.filters:
            return False
        session.filters.remove(pattern)
        share, inner = split_share(pattern)
        if share is not None:
            group = self._groups.get(inner, share)
            if group is not None and group.leave(session) and group.empty:
                self._groups.remove(inner, share)
        else:
            self._subscriptions.remove(inner, session)
        self._met.clear()
        self._on_room()
        return True

    def forget(self, session: Session) -> None:
        """End a session: its subscriptions go, and what it was sent of shared ones goes to other members."""
        groups = list(session.groups)
        for pattern in list(session.filters):
            self.unsubscribe(pattern, session)
        session.end()
        for group in groups:
            group.pump()
        self._on_room()

    def wait(self, publisher: Publisher) -> None:
        """Have `retry` called when there may be room."""
        self._waiting[publisher] = None

    def leave(self, publisher: Publisher) -> None:
        """Nothing is held any more."""
        self._waiting.pop(publisher, None)

    def wake(self) -> None:
        """Let everybody who waits try again. Who has to wait on goes to the end of the line."""
        for publisher in list(self._waiting):
            if publisher not in self._waiting:
                continue
            del self._waiting[publisher]
            if not publisher.retry():
                self._waiting[publisher] = None

    def _meet(self, topic: str) -> tuple[list[_Route], list[Group]]:
        """Who asked for a topic."""
        met = self._met.get(topic)
        if met is None:
            sessions: dict[Session, list[Subscription]] = {}
            for subscription in self._subscriptions.match(topic):
                sessions.setdefault(subscription.session, []).append(subscription)
            met = [_Route(session, found) for session, found in sessions.items()], list(self._groups.match(topic))
            if len(self._met) >= _CACHED_TOPICS:
                self._met.clear()
            self._met[topic] = met
        return met


def _nothing() -> None:
    """Nobody waits for room among what is held: it drains as the queues do."""
