"""Back-pressure: nothing that got its PUBACK is lost, and nobody's memory grows without bound."""

import asyncio
from typing import Any

import pytest
from mqtt5 import (
    DisconnectPacket,
    DisconnectReasonCode,
    PingReqPacket,
    PingRespPacket,
    PubAckPacket,
    PublishPacket,
    QoS,
)

from faultcast.broker import Broker, Limits

Q1 = QoS.AT_LEAST_ONCE


def publish(topic: str, number: int, size: int = 4) -> PublishPacket:
    return PublishPacket(topic, number.to_bytes(size, "big"), qos=Q1, packet_id=number + 1)


async def acknowledged(client: Any, seconds: float = 0.2) -> list[int]:
    """The packet ids of all PUBACKs that come until there is silence."""
    found = []
    while True:
        try:
            packet = await client.packet(seconds)
        except TimeoutError:
            return found
        assert isinstance(packet, PubAckPacket), packet
        found.append(packet.packet_id)


async def test_a_publisher_waits_for_an_absent_subscriber_and_every_message_arrives(start: Any, dial: Any) -> None:
    port = await start(limits=Limits(session_messages=10, receive_max=20))
    client = await dial(port, "c", session_expiry_interval=60)
    await client.subscribe("a")
    await client.cut()
    publisher = await dial(port, "p")
    await publisher.send(*(publish("a", number) for number in range(30)))
    assert await acknowledged(publisher) == list(range(1, 11))
    client = await dial(port, "c", session_expiry_interval=60)
    messages = [await client.message() for _ in range(30)]
    assert [int.from_bytes(m.payload, "big") for m in messages] == list(range(30))
    assert await acknowledged(publisher) == list(range(11, 31))


async def test_who_waits_is_still_heard(start: Any, dial: Any) -> None:
    """Its PINGREQ is answered, and its PUBACK makes room for others: two that wait for each other get on."""
    port = await start(limits=Limits(session_messages=4, receive_max=40))
    one, two = await dial(port, "one", receive_max=1), await dial(port, "two", receive_max=1)
    await one.subscribe("to/one")
    await two.subscribe("to/two")
    await one.send(*(publish("to/two", number) for number in range(30)), PingReqPacket())
    await two.send(*(publish("to/one", number) for number in range(30)), PingReqPacket())

    async def take_all(client: Any) -> tuple[list[int], int, int]:
        got, acks, pongs = [], 0, 0
        while len(got) < 30 or acks < 30:
            packet = await client.packet()
            if isinstance(packet, PublishPacket):
                got.append(int.from_bytes(packet.payload, "big"))
                await client.send(PubAckPacket(packet.packet_id))
            acks += isinstance(packet, PubAckPacket)
            pongs += isinstance(packet, PingRespPacket)
        return got, acks, pongs

    for result in await asyncio.gather(take_all(one), take_all(two)):
        assert result == (list(range(30)), 30, 1)


async def test_other_topics_flow_while_one_is_full(start: Any, dial: Any) -> None:
    port = await start(limits=Limits(session_messages=2))
    stuck, lively = await dial(port, "s", receive_max=1), await dial(port, "l")
    await stuck.subscribe("stuck")
    await lively.subscribe("lively")
    blocked, free = await dial(port, "b"), await dial(port, "f")
    await blocked.send(*(publish("stuck", number) for number in range(5)))
    for _ in range(20):
        assert await free.publish("lively") == 0
        await lively.message()
    assert len(await acknowledged(blocked)) == 2


async def test_nothing_overtakes_what_is_held(start: Any, dial: Any) -> None:
    """PUBACKs go out in the order of the PUBLISHes (section 4.6), also for topics where there is room."""
    port = await start(limits=Limits(session_messages=1))
    stuck = await dial(port, "s", session_expiry_interval=60)
    await stuck.subscribe("stuck")
    await stuck.cut()
    publisher = await dial(port, "p")
    await publisher.send(publish("stuck", 0), publish("stuck", 1), publish("free", 2))
    assert await acknowledged(publisher) == [1]
    stuck = await dial(port, "s", session_expiry_interval=60)
    for _ in range(2):
        await stuck.message()
    assert await acknowledged(publisher) == [2, 3]


async def test_a_publisher_that_waits_goes_on_when_the_full_session_ends(start: Any, dial: Any) -> None:
    port = await start(limits=Limits(session_messages=2))
    client = await dial(port, "c", session_expiry_interval=1)
    await client.subscribe("a")
    await client.cut()
    publisher = await dial(port, "p")
    await publisher.send(*(publish("a", number) for number in range(5)))
    assert len(await acknowledged(publisher)) == 2
    await asyncio.sleep(0.8)
    assert len(await acknowledged(publisher)) == 3


async def test_more_in_flight_than_was_granted_is_a_violation(start: Any, dial: Any) -> None:
    port = await start(limits=Limits(session_messages=1, receive_max=5, linger_seconds=0.2))
    client = await dial(port, "c", session_expiry_interval=60)
    await client.subscribe("a")
    await client.cut()
    publisher = await dial(port, "p")
    await publisher.send(*(publish("a", number) for number in range(7)))
    assert (await publisher.expect(PubAckPacket)).packet_id == 1
    answer = await publisher.expect(DisconnectPacket)
    assert int(answer.reason_code) == int(DisconnectReasonCode.RECEIVE_MAX_EXCEEDED)


def connect_311(client_id: bytes) -> bytes:
    return bytes((0x10, 12 + len(client_id))) + b"\0\4MQTT\4\2\0\0" + len(client_id).to_bytes(2, "big") + client_id


async def test_a_flood_from_a_client_without_flow_control_meets_a_slow_consumer(dial: Any) -> None:
    """An MQTT 3.1.1 client sends all at once and a consumer takes one at a time: all arrive, little is kept."""
    count, size = 3000, 1000
    limits = Limits(session_messages=50, receive_max=20, held_bytes=100_000)
    broker = Broker(limits=limits)
    port = await broker.start()
    client = await dial(port, "slow", receive_max=3)
    await client.subscribe("a")
    flood = await dial(port)
    await flood.send(connect_311(b"flood"))
    assert await flood.reader.readexactly(4) == b"\x20\2\0\0"

    async def pour() -> None:
        for number in range(count):
            payload = number.to_bytes(size, "big")
            flood.writer.write(
                b"\x32"
                + bytes(((size + 5) & 0x7F | 0x80, (size + 5) >> 7))
                + b"\0\1a"
                + (number + 1).to_bytes(2, "big")
                + payload
            )
            await flood.writer.drain()

    pouring = asyncio.create_task(pour())
    most = 0
    for number in range(count):
        message = await client.message()
        assert int.from_bytes(message.payload, "big") == number
        most = max(most, broker._router._total.messages + broker._router.held.messages)
        if number % 100 == 0:
            await asyncio.sleep(0.01)
    await pouring
    acks = await flood.reader.readexactly(4 * count)
    assert acks == b"".join(b"\x40\2" + (number + 1).to_bytes(2, "big") for number in range(count))
    # 50 queued; held: 20, and what one read of 256 KiB brings before reading stops.
    assert most <= 50 + 20 + 270
    await broker.close()
    assert (broker._router._total.messages, broker._router.held.messages) == (0, 0)


@pytest.mark.parametrize("qos", [QoS.AT_MOST_ONCE, Q1])
async def test_who_pauses_in_reading_finds_everything_afterwards(port: int, dial: Any, qos: QoS) -> None:
    """More than all the buffers on the way take: the rest waits in the session, also at QoS 0."""
    count, size = 300, 100_000
    client, publisher = await dial(port, "c"), await dial(port, "p")
    await client.subscribe("a", qos=qos)
    for number in range(count):
        await publisher.publish("a", number.to_bytes(size, "big"))
    for number in range(count):
        assert int.from_bytes((await client.message(acknowledge=False)).payload, "big") == number


async def test_total_memory_is_bounded_over_many_sessions(dial: Any) -> None:
    broker = Broker(limits=Limits(total_bytes=100_000, receive_max=100))
    port = await broker.start()
    for number in range(10):
        absent = await dial(port, f"absent{number}", session_expiry_interval=60)
        await absent.subscribe("a")
        await absent.cut()
    publisher = await dial(port, "p")
    await publisher.send(*(publish("a", number, 1000) for number in range(100)))
    assert 1 <= len(await acknowledged(publisher)) < 12
    assert broker._router._total.bytes < 120_000
    for number in range(10):
        await dial(port, f"absent{number}", clean_start=True)
    assert len(await acknowledged(publisher)) > 85
    await broker.close()


async def test_what_is_held_is_forgotten_with_its_connection(dial: Any) -> None:
    broker = Broker(limits=Limits(session_messages=1))
    port = await broker.start()
    client = await dial(port, "c", session_expiry_interval=60)
    await client.subscribe("a")
    await client.cut()
    publisher = await dial(port, "p")
    await publisher.send(*(publish("a", number) for number in range(50)))
    assert await acknowledged(publisher) == [1]
    assert broker._router.held.messages == 49
    await publisher.cut()
    assert broker._router.held.messages == 0
    assert not broker._router._waiting
    await broker.close()
