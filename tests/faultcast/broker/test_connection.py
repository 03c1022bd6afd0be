"""The protocol as a client sees it, packet by packet; MQTT 5 where nothing else is said."""

import asyncio
from typing import Any

import pytest
from mqtt5 import (
    AuthPacket,
    ConnAckPacket,
    ConnectPacket,
    DisconnectPacket,
    DisconnectReasonCode,
    PingReqPacket,
    PingRespPacket,
    PubAckPacket,
    PublishPacket,
    PubRelPacket,
    QoS,
    RetainHandling,
    SubscribePacket,
    Subscription,
    UnsubAckPacket,
    UnsubscribePacket,
    Will,
)

from faultcast.broker import Grant, Limits

NEVER = 0xFFFFFFFF
Q0, Q1, Q2 = QoS.AT_MOST_ONCE, QoS.AT_LEAST_ONCE, QoS.EXACTLY_ONCE


async def sent_away(client: Any, reason: DisconnectReasonCode) -> None:
    """The client gets a DISCONNECT with this reason, and then the end."""
    answer = await client.expect(DisconnectPacket)
    assert int(answer.reason_code) == int(reason)
    assert await client.packet() is None


# Coming in.


async def test_says_what_it_can_do(port: int, dial: Any) -> None:
    client = await dial(port, "me")
    answer = client.connack
    assert (int(answer.reason_code), answer.session_present) == (0, False)
    assert (int(answer.max_qos), answer.receive_max, answer.max_packet_size) == (1, 128, 1 << 20)
    assert answer.assigned_client_id is None
    assert answer.topic_alias_max == 0


async def test_gives_an_id_to_a_client_without_one(port: int, dial: Any) -> None:
    ids = {(await dial(port, "")).connack.assigned_client_id for _ in range(3)}
    assert len(ids) == 3
    assert all(ids)


@pytest.mark.parametrize(
    ("connect", "reason"),
    [
        ({"username": "ada", "password": b"wrong"}, 0x86),
        ({}, 0x86),
        ({"username": "eve", "password": b"x"}, 0x86),
        ({"username": "ada", "password": b"x", "authentication_method": "SCRAM"}, 0x8C),
        ({"username": "ada", "password": b"x", "receive_max": 0}, 0x82),
        ({"username": "ada", "password": b"x", "will": Will("a/#")}, 0x90),
        ({"username": "ada", "password": b"x", "will": Will("of/others")}, 0x87),
        ({"username": "ada", "password": b"x", "will": Will("of/ada", qos=Q2)}, 0x9B),
    ],
)
async def test_turns_away_with_a_reason(start: Any, dial: Any, connect: dict[str, Any], reason: int) -> None:
    port = await start(users={"ada": "x"}, grants=[Grant("of/%u")])
    client = await dial(port, "me", **connect)
    assert int(client.connack.reason_code) == reason
    assert await client.packet() is None


async def test_a_session_belongs_to_the_user_who_made_it(start: Any, dial: Any) -> None:
    port = await start(users={"ada": "x", "eve": "y"})
    ada = await dial(port, "device", username="ada", password=b"x")
    eve = await dial(port, "device", username="eve", password=b"y")
    assert int(eve.connack.reason_code) == 0x87
    await ada.send(PingReqPacket())
    await ada.expect(PingRespPacket)


async def test_takes_so_many_sessions_and_no_more(start: Any, dial: Any) -> None:
    port = await start(limits=Limits(sessions=1))
    one = await dial(port, "one", session_expiry_interval=60)
    assert int((await dial(port, "two")).connack.reason_code) == 0x97
    await one.cut()
    assert (await dial(port, "one", clean_start=True)).connack.session_present is False


async def test_answers_a_protocol_from_the_future_and_one_from_the_past(port: int, dial: Any) -> None:
    client = await dial(port)
    await client.send(b"\x10\x0d\0\4MQTT\6\0\0\0\0\0\0")
    assert int((await client.expect(ConnAckPacket)).reason_code) == 0x84
    client = await dial(port)
    await client.send(b"\x10\x0e\0\6MQIsdp\3\2\0\0\0\0")
    assert await client.reader.read() == b"\x20\2\0\1"


async def test_a_3_1_1_client_without_an_id_cannot_keep_a_session(port: int, dial: Any) -> None:
    client = await dial(port)
    await client.send(b"\x10\x0c\0\4MQTT\4\0\0\0\0\0")
    assert await client.reader.read() == b"\x20\2\0\2"
    client = await dial(port)
    await client.send(b"\x10\x0c\0\4MQTT\4\2\0\0\0\0")
    assert await client.reader.readexactly(4) == b"\x20\2\0\0"


# Publishing and subscribing.


async def test_a_message_goes_through_with_all_its_properties(port: int, dial: Any) -> None:
    client = await dial(port, "me")
    assert await client.subscribe("a/+", identifier=7) == [1]
    sent = {
        "payload_format_indicator": 1,
        "content_type": "text/plain",
        "response_topic": "back",
        "correlation_data": b"\0\xff",
        "user_properties": [("k", "v"), ("k", "w")],
    }
    await client.send(PublishPacket("a/b", b"hello", qos=Q1, packet_id=9, message_expiry_interval=60, **sent))
    packets = [await client.packet(), await client.packet()]
    (puback,) = [p for p in packets if isinstance(p, PubAckPacket)]
    (message,) = [p for p in packets if isinstance(p, PublishPacket)]
    assert puback.packet_id == 9
    assert (message.topic, message.payload, message.subscription_ids) == ("a/b", b"hello", [7])
    assert {name: getattr(message, name) for name in sent} == sent
    assert message.message_expiry_interval in {59, 60}
    assert not message.retain


async def test_qos_is_the_lower_of_the_two(port: int, dial: Any) -> None:
    publisher, client = await dial(port, "p"), await dial(port, "c")
    assert await client.subscribe("zero", qos=Q0) == [0]
    assert await client.subscribe("one", "two", qos=Q2) == [1, 1]
    for topic, qos, expected in (("zero", Q1, 0), ("one", Q0, 0), ("one", Q1, 1)):
        await publisher.publish(topic, qos=qos)
        assert int((await client.message()).qos) == expected


async def test_overlapping_subscriptions_make_one_message_with_all_identifiers(port: int, dial: Any) -> None:
    publisher, client = await dial(port, "p"), await dial(port, "c")
    await client.subscribe("a/#", identifier=1)
    await client.subscribe("a/+", identifier=2)
    await publisher.publish("a/b")
    assert sorted((await client.message()).subscription_ids) == [1, 2]
    assert await client.silent()


async def test_no_local_keeps_a_clients_own_messages_from_it(port: int, dial: Any) -> None:
    me, other = await dial(port, "me"), await dial(port, "other")
    await me.subscribe("a", no_local=True)
    assert await me.publish("a", b"mine") == 0
    await other.publish("a", b"theirs")
    assert (await me.message()).payload == b"theirs"


async def test_unsubscribe_ends_the_messages(port: int, dial: Any) -> None:
    client = await dial(port, "me")
    await client.subscribe("a", "$share/g/b")
    await client.send(UnsubscribePacket(5, ["a", "$share/g/b", "never"]))
    answer = await client.expect(UnsubAckPacket)
    assert [int(code) for code in answer.reason_codes] == [0, 0, 0x11]
    for topic in ("a", "b"):
        assert await client.publish(topic) == 0
    assert await client.silent()


async def test_filters_are_judged_one_by_one(start: Any, dial: Any) -> None:
    port = await start(grants=[Grant("mine/#")], limits=Limits(subscriptions=2))
    client = await dial(port, "me")
    codes = await client.subscribe("mine/a", "mine/#/x", "$share/bad", "others", "mine/b", "mine/c", "mine/a")
    assert codes == [1, 0x8F, 0x8F, 0x87, 1, 0x97, 1]


async def test_a_message_that_is_not_allowed_is_declined_and_goes_nowhere(start: Any, dial: Any) -> None:
    port = await start(grants=[Grant("mine/#"), Grant("#", write=False)])
    client = await dial(port, "me")
    await client.subscribe("#")
    assert await client.publish("others") == 0x87
    await client.send(PublishPacket("others", b"", qos=Q0))
    await sent_away(client, DisconnectReasonCode.NOT_AUTHORIZED)


async def test_a_3_1_1_client_that_oversteps_is_cut_for_its_puback_cannot_say_no(start: Any, dial: Any) -> None:
    port = await start(grants=[Grant("mine")])
    client = await dial(port)
    await client.send(b"\x10\x0d\0\4MQTT\4\2\0\0\0\1c", b"\x32\x08\0\4mine\0\1")
    assert await client.reader.readexactly(8) == b"\x20\2\0\0\x40\2\0\1"
    await client.send(b"\x32\x07\0\3his\0\2")
    assert await client.reader.read() == b""


async def test_a_message_larger_than_the_client_takes_is_not_sent_to_it(port: int, dial: Any) -> None:
    publisher, client = await dial(port, "p"), await dial(port, "c", max_packet_size=100, receive_max=1)
    await client.subscribe("a")
    for payload in (b"x" * 200, b"small"):
        await publisher.publish("a", payload)
    assert (await client.message()).payload == b"small"


async def test_an_expired_message_is_not_delivered(port: int, dial: Any) -> None:
    publisher, client = await dial(port, "p"), await dial(port, "c", receive_max=1)
    await client.subscribe("a")
    await publisher.publish("a", b"first")
    await publisher.publish("a", b"stale", message_expiry_interval=0)
    await publisher.publish("a", b"good", message_expiry_interval=100)
    assert [(await client.message()).payload for _ in range(2)] == [b"first", b"good"]


# Retained messages.


async def test_retained_messages_greet_those_who_subscribe_later(port: int, dial: Any) -> None:
    publisher, client = await dial(port, "p"), await dial(port, "c")
    for topic, payload in (("a/1", b"old"), ("a/1", b"new"), ("a/2", b"gone"), ("a/2", b""), ("b", b"other")):
        await publisher.publish(topic, payload, retain=True)
    await client.subscribe("a/#", identifier=3)
    message = await client.message()
    assert (message.topic, message.payload, message.retain, message.subscription_ids) == ("a/1", b"new", True, [3])
    assert await client.silent()
    await client.subscribe("$share/g/a/#")
    assert await client.silent()


async def test_retain_handling(port: int, dial: Any) -> None:
    client = await dial(port, "c")
    await client.publish("a", b"x", retain=True)
    await client.subscribe("a", retain_handling=RetainHandling.SEND_NEVER)
    assert await client.silent()
    await client.subscribe("a", retain_handling=RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS)
    assert await client.silent()
    await client.subscribe("a")
    assert (await client.message()).payload == b"x"


async def test_the_retain_flag_of_a_live_message(port: int, dial: Any) -> None:
    publisher, client = await dial(port, "p"), await dial(port, "c")
    await client.subscribe("kept", retain_as_published=True)
    await client.subscribe("plain", retain_as_published=False)
    for topic in ("kept", "plain"):
        await publisher.publish(topic, b"x", retain=True)
    assert [(await client.message()).retain for _ in range(2)] == [True, False]


async def test_retained_messages_have_a_limit(start: Any, dial: Any) -> None:
    client = await dial(await start(limits=Limits(retained_messages=2)), "p")
    codes = [await client.publish(topic, b"x", retain=True) for topic in ("a", "b", "c", "a")]
    assert codes == [0, 0, 0x97, 0]
    assert await client.publish("a", retain=True) == 0
    assert await client.publish("c", b"x", retain=True) == 0


# Sessions.


async def test_a_session_waits_for_its_client(port: int, dial: Any) -> None:
    publisher = await dial(port, "p")
    client = await dial(port, "c", session_expiry_interval=60, receive_max=2)
    await client.subscribe("a")
    for number in range(4):
        await publisher.publish("a", bytes([number]))
    for _ in range(2):
        await client.message(acknowledge=False)
    await client.cut()
    await publisher.publish("a", b"\4")
    client = await dial(port, "c", session_expiry_interval=60)
    assert client.connack.session_present
    messages = [await client.message() for _ in range(5)]
    assert [m.payload[0] for m in messages] == [0, 1, 2, 3, 4]
    assert [m.duplicate for m in messages] == [True, True, False, False, False]


async def test_a_clean_start_forgets(port: int, dial: Any) -> None:
    client = await dial(port, "c", session_expiry_interval=60)
    await client.subscribe("a")
    await client.cut()
    client = await dial(port, "c", clean_start=True)
    assert not client.connack.session_present
    await client.publish("a")
    assert await client.silent()


@pytest.mark.parametrize("expiry", [0, 1])
async def test_a_session_ends_when_it_has_expired(port: int, dial: Any, expiry: int) -> None:
    client = await dial(port, "c", session_expiry_interval=expiry)
    await client.cut()
    await asyncio.sleep(expiry * 1.1)
    assert not (await dial(port, "c")).connack.session_present


async def test_a_session_does_not_expire_while_its_client_is_back(port: int, dial: Any) -> None:
    client = await dial(port, "c", session_expiry_interval=1)
    await client.subscribe("a")
    await client.cut()
    client = await dial(port, "c", session_expiry_interval=1)
    await asyncio.sleep(1.1)
    await (await dial(port, "p")).publish("a", b"x")
    assert (await client.message()).payload == b"x"


async def test_a_goodbye_may_change_how_long_a_session_is_kept(port: int, dial: Any) -> None:
    client = await dial(port, "c", session_expiry_interval=60)
    await client.send(DisconnectPacket(session_expiry_interval=0))
    assert await client.packet() is None
    client = await dial(port, "c")
    assert not client.connack.session_present
    await client.send(DisconnectPacket(session_expiry_interval=60))
    await sent_away(client, DisconnectReasonCode.PROTOCOL_ERROR)


async def test_who_connects_again_takes_over(port: int, dial: Any) -> None:
    old = await dial(port, "c", session_expiry_interval=60)
    await old.subscribe("a")
    await (await dial(port, "p")).publish("a", b"unacknowledged")
    first = await old.message(acknowledge=False)
    new = await dial(port, "c", session_expiry_interval=60)
    assert new.connack.session_present
    again = await new.message()
    assert (again.payload, again.packet_id, again.duplicate) == (b"unacknowledged", first.packet_id, True)
    await sent_away(old, DisconnectReasonCode.SESSION_TAKEN_OVER)
    await new.send(PingReqPacket())
    await new.expect(PingRespPacket)


# Wills.


async def test_a_will_is_published_for_who_vanishes_and_not_for_who_says_goodbye(port: int, dial: Any) -> None:
    watcher = await dial(port, "w")
    await watcher.subscribe("will/#")
    polite = await dial(port, "polite", will=Will("will/polite", payload=b"x"))
    await polite.send(DisconnectPacket())
    assert await polite.packet() is None
    insisting = await dial(port, "insisting", will=Will("will/insisting", payload=b"x"))
    await insisting.send(DisconnectPacket(reason_code=DisconnectReasonCode.DISCONNECT_WITH_WILL_MESSAGE))
    gone = await dial(port, "gone", will=Will("will/gone", payload=b"y", qos=Q1, content_type="t"))
    assert (await watcher.message()).topic == "will/insisting"
    await gone.cut()
    message = await watcher.message()
    assert (message.topic, message.payload, int(message.qos), message.content_type) == ("will/gone", b"y", 1, "t")


async def test_a_delayed_will_is_taken_back_when_the_client_returns(port: int, dial: Any) -> None:
    watcher = await dial(port, "w")
    await watcher.subscribe("will")
    will = Will("will", payload=b"x", will_delay_interval=1)
    client = await dial(port, "c", will=will, session_expiry_interval=60)
    await client.cut()
    client = await dial(port, "c", will=will, session_expiry_interval=60)
    assert await watcher.silent(1.2)
    await client.cut()
    assert await watcher.silent(0.5)
    assert (await watcher.message()).payload == b"x"


async def test_a_delayed_will_waits_no_longer_than_the_session(port: int, dial: Any) -> None:
    watcher = await dial(port, "w")
    await watcher.subscribe("will")
    will = Will("will", payload=b"x", will_delay_interval=60)
    await (await dial(port, "no session", will=will)).cut()
    await watcher.message()
    await (await dial(port, "c", will=will, session_expiry_interval=1)).cut()
    await watcher.message()
    await (await dial(port, "c", will=will, session_expiry_interval=60)).cut()
    assert await watcher.silent()
    await dial(port, "c", clean_start=True)
    await watcher.message()


# Time.


async def test_silence_ends_a_connection(port: int, dial: Any) -> None:
    client = await dial(port, "c", keep_alive=1)
    await asyncio.sleep(1)
    await client.send(PingReqPacket())
    await client.expect(PingRespPacket)
    assert await client.silent(1.2)
    await sent_away(client, DisconnectReasonCode.KEEP_ALIVE_TIMEOUT)


async def test_who_never_says_who_it_is_is_cut(start: Any, dial: Any) -> None:
    port = await start(limits=Limits(connect_seconds=0.2))
    for data in (b"", b"\x10", ConnectPacket("me").write()[:-1]):
        client = await dial(port)
        await client.send(data)
        assert await client.packet(1) is None


# What no client should send.


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (ConnectPacket("again"), DisconnectReasonCode.PROTOCOL_ERROR),
        (ConnAckPacket(), DisconnectReasonCode.PROTOCOL_ERROR),
        (AuthPacket(), DisconnectReasonCode.PROTOCOL_ERROR),
        (PubRelPacket(1), DisconnectReasonCode.PROTOCOL_ERROR),
        (PublishPacket("a", b"", qos=Q2, packet_id=1), DisconnectReasonCode.QOS_NOT_SUPPORTED),
        (PublishPacket("a", b"", qos=Q1, packet_id=0), DisconnectReasonCode.PROTOCOL_ERROR),
        (PublishPacket("a/#", b""), DisconnectReasonCode.TOPIC_NAME_INVALID),
        (PublishPacket("", b"", topic_alias=1), DisconnectReasonCode.TOPIC_ALIAS_INVALID),
        (PublishPacket("a", b"", subscription_ids=[1]), DisconnectReasonCode.PROTOCOL_ERROR),
        (PublishPacket("a", bytes(1 << 20)), DisconnectReasonCode.PACKET_TOO_LARGE),
        (SubscribePacket(0, [Subscription("a")]), DisconnectReasonCode.PROTOCOL_ERROR),
        (SubscribePacket(1, []), DisconnectReasonCode.PROTOCOL_ERROR),
        (SubscribePacket(1, [Subscription("$share/g/a", no_local=True)]), DisconnectReasonCode.PROTOCOL_ERROR),
        (UnsubscribePacket(1, []), DisconnectReasonCode.PROTOCOL_ERROR),
        (b"\x30\xff\xff\xff\xff\xff", DisconnectReasonCode.MALFORMED_PACKET),
        (b"\x00\x00", DisconnectReasonCode.MALFORMED_PACKET),
    ],
)
async def test_breaking_the_protocol_ends_that_connection_with_its_reason(
    port: int, dial: Any, packet: Any, reason: DisconnectReasonCode
) -> None:
    bystander, client = await dial(port, "bystander"), await dial(port, "me")
    await client.send(packet)
    await sent_away(client, reason)
    await bystander.send(PingReqPacket())
    await bystander.expect(PingRespPacket)


async def test_a_3_1_1_client_is_just_cut(port: int, dial: Any) -> None:
    client = await dial(port)
    await client.send(b"\x10\x0d\0\4MQTT\4\2\0\0\0\1c", b"\x34\x05\0\1a\0\1")
    assert await client.reader.read() == b"\x20\2\0\0"
