"""Sessions, shared subscriptions and the router, without a network: links here are plain lists."""

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from mqtt5 import PublishPacket, QoS, RetainHandling

from faultcast.broker.limits import Limits
from faultcast.broker.message import Delivery, Message
from faultcast.broker.router import Router
from faultcast.broker.session import Session, Subscription


class FakeLink:
    """Remembers what was sent and not yet acknowledged."""

    def __init__(self, receive_max: int = 65535) -> None:
        self.writable = True
        self.receive_max = receive_max
        self.sent: list[tuple[int, bytes, bool]] = []

    def publish(self, delivery: Delivery, *, duplicate: bool) -> bool:
        self.sent.append((delivery.packet_id, delivery.message.packet.payload, duplicate))
        return True

    def take_over(self) -> None:
        raise AssertionError

    def take(self) -> list[tuple[int, bytes, bool]]:
        sent, self.sent = self.sent, []
        return sent


def message(payload: bytes = b"", topic: str = "t", qos: int = 1) -> Message:
    level = QoS.AT_LEAST_ONCE if qos else QoS.AT_MOST_ONCE
    return Message(PublishPacket(topic, payload, qos=level, packet_id=1 if qos else None), "publisher", len(payload))


def make(limits: Limits | None = None, on_room: Callable[[], None] = lambda: None) -> Router:
    return Router(limits or Limits(), on_room)


def join(router: Router, session: Session, pattern: str, qos: int = 1) -> None:
    subscription = Subscription(session, qos, no_local=False, retain_as_published=False, identifier=0)
    router.subscribe(pattern, subscription, RetainHandling.SEND_ALWAYS)()


def session(router: Router, name: str, pattern: str | None = None, link: FakeLink | None = None) -> Session:
    made = Session(name, None, router.quota())
    if link is not None:
        made.attach(link)
    if pattern is not None:
        join(router, made, pattern)
    return made


def payloads(link: FakeLink) -> list[bytes]:
    return [payload for _, payload, _ in link.take()]


def test_no_more_is_in_flight_than_the_client_takes() -> None:
    router, link = make(), FakeLink(receive_max=3)
    one = session(router, "one", "t", link)
    for number in range(5):
        router.deliver(message(bytes([number])))
    sent = link.take()
    assert [payload[0] for _, payload, _ in sent] == [0, 1, 2]
    one.acknowledge(sent[1][0])
    one.acknowledge(999)
    one.pump()
    assert payloads(link) == [b"\3"]


def test_what_was_not_acknowledged_comes_again_first_with_the_same_id() -> None:
    router, link = make(), FakeLink(receive_max=2)
    one = session(router, "one", "t", link)
    for number in range(4):
        router.deliver(message(bytes([number])))
    first = link.take()
    one.acknowledge(first[0][0])
    one.detach()
    again = FakeLink(receive_max=3)
    one.attach(again)
    one.pump()
    sent = again.take()
    assert sent[0] == (first[1][0], b"\1", True)
    assert [(payload, duplicate) for _, payload, duplicate in sent[1:]] == [(b"\2", False), (b"\3", False)]
    assert len({packet_id for packet_id, _, _ in sent}) == 3


def test_a_client_that_is_away_gets_qos_1_later_and_qos_0_never() -> None:
    router = make()
    one = session(router, "one", "t")
    router.deliver(message(b"no", qos=0))
    router.deliver(message(b"yes"))
    link = FakeLink()
    one.attach(link)
    one.pump()
    assert payloads(link) == [b"yes"]
    assert one.dropped == 1


def test_a_full_queue_admits_nothing_at_qos_1_and_drops_qos_0() -> None:
    woken: list[int] = []
    router = make(Limits(session_messages=4), lambda: woken.append(1))
    link = FakeLink(receive_max=1)
    one = session(router, "one", "t", link)
    for _ in range(4):
        assert router.admits(message())
        router.deliver(message())
    assert not router.admits(message())
    assert router.admits(message(topic="elsewhere"))
    assert router.admits(message(qos=0))
    router.deliver(message(qos=0))
    assert one.dropped == 1
    one.acknowledge(link.take()[0][0])
    assert woken
    assert router.admits(message())


def test_a_full_session_that_ends_makes_room() -> None:
    woken: list[int] = []
    router = make(Limits(session_messages=1), lambda: woken.append(1))
    one = session(router, "one", "t")
    router.deliver(message())
    assert not router.admits(message())
    router.forget(one)
    assert woken
    assert router.admits(message())
    assert (router._total.messages, router._total.bytes) == (0, 0)


def test_all_queues_together_have_a_limit() -> None:
    router = make(Limits(total_bytes=4000))
    for name in "abcd":
        session(router, name, f"t/{name}")
    for name in "abcd":
        router.deliver(message(bytes(600), topic=f"t/{name}"))
    assert not router.admits(message(topic="t/a"))


def test_overlapping_subscriptions_make_one_delivery_at_the_highest_qos() -> None:
    router, link = make(), FakeLink()
    one = session(router, "one", link=link)
    for pattern, qos in (("t/#", 0), ("t/+", 1), ("#", 0)):
        join(router, one, pattern, qos)
    router.deliver(message(topic="t/x"))
    ((packet_id, _, _),) = link.take()
    assert packet_id


def test_members_take_turns_and_a_slow_one_takes_less() -> None:
    router = make()
    links = [FakeLink(), FakeLink(), FakeLink(receive_max=2)]
    for number, link in enumerate(links):
        session(router, f"m{number}", "$share/g/t", link)
    for _ in range(12):
        router.deliver(message())
    assert [len(link.sent) for link in links] == [5, 5, 2]


def test_a_member_that_goes_keeps_what_it_was_sent_until_its_session_ends() -> None:
    router = make()
    here, gone = FakeLink(receive_max=4), FakeLink(receive_max=4)
    session(router, "here", "$share/g/t", here)
    leaving = session(router, "leaving", "$share/g/t", gone)
    for number in range(8):
        router.deliver(message(bytes([number])))
    leaving.detach()
    assert (payloads(here), payloads(gone)) == ([b"\0", b"\2", b"\4", b"\6"], [b"\1", b"\3", b"\5", b"\7"])
    back = FakeLink(receive_max=2)
    leaving.attach(back)
    leaving.pump()
    assert [(payload, duplicate) for _, payload, duplicate in back.take()] == [(b"\1", True), (b"\3", True)]
    here.receive_max = 100
    router.forget(leaving)
    assert [(payload, duplicate) for _, payload, duplicate in here.take()] == [
        (payload, False) for payload in (b"\1", b"\3", b"\5", b"\7")
    ]


def test_the_queue_of_a_group_outlives_the_connections_of_its_members() -> None:
    router = make()
    one = session(router, "one", "$share/g/t")
    session(router, "two", "$share/g/t")
    router.deliver(message(b"kept"))
    router.deliver(message(b"dropped", qos=0))
    link = FakeLink()
    one.attach(link)
    one.pump()
    assert payloads(link) == [b"kept"]


def test_the_last_member_takes_the_group_with_it() -> None:
    router = make()
    one, two = (session(router, name, "$share/g/t") for name in ("one", "two"))
    router.deliver(message())
    router.unsubscribe("$share/g/t", one)
    assert router._total.messages == 1
    router.forget(two)
    assert router._total.messages == 0
    assert not router._groups._root.below


def test_two_groups_and_a_plain_subscription_each_get_every_message() -> None:
    router = make()
    links = [FakeLink() for _ in range(3)]
    for link, pattern in zip(links, ("$share/g/t", "$share/h/t", "t"), strict=True):
        session(router, pattern, pattern, link)
    router.deliver(message(b"x"))
    assert [payloads(link) for link in links] == [[b"x"]] * 3


def test_packet_ids_go_round_and_skip_those_in_flight() -> None:
    router, link = make(), FakeLink(receive_max=3)
    one = session(router, "one", "t", link)
    router.deliver(message(b"stuck"))
    stuck = link.take()[0][0]
    for _ in range(70_000):
        router.deliver(message())
        ((packet_id, _, _),) = link.take()
        assert 1 <= packet_id <= 65535
        assert packet_id != stuck
        one.acknowledge(packet_id)


class Delivering(RuleBasedStateMachine):
    """Whatever clients do, a message that was admitted reaches each subscriber or stays accounted for.

    Two plain sessions and a group of two; a session's end is the only way to lose its own messages.
    """

    @initialize()
    def begin(self) -> None:
        self.router = make(Limits(session_messages=6))
        self.links: dict[str, FakeLink | None] = {}
        self.sessions: dict[str, Session] = {}
        self.owed: dict[str, list[bytes]] = {"plain": [], "group": []}
        self.count = 0
        for name, pattern in (("plain", "t"), ("m1", "$share/g/t"), ("m2", "$share/g/t")):
            self.links[name] = FakeLink(receive_max=2)
            self.sessions[name] = session(self.router, name, pattern, self.links[name])

    @rule()
    def publish(self) -> None:
        made = message(str(self.count).encode())
        if self.router.admits(made):
            self.count += 1
            self.router.deliver(made)
            for owed in self.owed.values():
                owed.append(made.packet.payload)

    @rule(name=st.sampled_from(["plain", "m1", "m2"]), which=st.integers(0, 3))
    def acknowledge(self, name: str, which: int) -> None:
        link = self.links[name]
        if link is not None and link.sent:
            packet_id, payload, _ = link.sent.pop(which % len(link.sent))
            self.owed["plain" if name == "plain" else "group"].remove(payload)
            self.sessions[name].acknowledge(packet_id)
            self.sessions[name].pump()

    @rule(name=st.sampled_from(["plain", "m1", "m2"]))
    def drop(self, name: str) -> None:
        if self.links[name] is not None:
            self.links[name] = None
            self.sessions[name].detach()

    @rule(name=st.sampled_from(["plain", "m1", "m2"]), receive_max=st.integers(1, 3))
    def come_back(self, name: str, receive_max: int) -> None:
        if self.links[name] is None:
            link = self.links[name] = FakeLink(receive_max)
            self.sessions[name].attach(link)
            self.sessions[name].pump()

    @precondition(lambda self: len(self.sessions["m2"].groups) and len(self.sessions["m1"].groups))
    @rule(name=st.sampled_from(["m1", "m2"]))
    def end(self, name: str) -> None:
        """A member's session ends for good, and a new one takes its place later."""
        self.links[name] = None
        self.router.forget(self.sessions[name])

    @precondition(lambda self: not (self.sessions["m2"].groups and self.sessions["m1"].groups))
    @rule()
    def replace(self) -> None:
        for name in ("m1", "m2"):
            if not self.sessions[name].groups:
                self.links[name] = FakeLink(receive_max=2)
                self.sessions[name] = session(self.router, name, "$share/g/t", self.links[name])

    @invariant()
    def windows_are_kept(self) -> None:
        for link in self.links.values():
            assert link is None or len(link.sent) <= link.receive_max

    @invariant()
    def all_that_is_owed_is_charged(self) -> None:
        assert self.router._total.messages == sum(len(owed) for owed in self.owed.values())

    def teardown(self) -> None:
        """Everybody comes back and acknowledges: then nothing is owed."""
        if not hasattr(self, "router"):
            return
        self.replace()
        for name in self.links:
            self.come_back(name, 3)
        for _ in range(200):
            for name in self.links:
                self.acknowledge(name, 0)
        assert self.owed == {"plain": [], "group": []}
        assert (self.router._total.messages, self.router._total.bytes) == (0, 0)


TestDelivering = Delivering.TestCase
TestDelivering.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
