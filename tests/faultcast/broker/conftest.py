"""A broker in the test's own loop for tests of the protocol, one in a thread for blocking clients."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import mqtt5
import pytest
from mqtt5 import (
    ConnAckPacket,
    ConnectPacket,
    PubAckPacket,
    PublishPacket,
    QoS,
    SubAckPacket,
    SubscribePacket,
    Subscription,
)

from faultcast.broker import Broker, Limits


class Wire:
    """A client of raw MQTT 5 packets: it does what the test says and nothing by itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._buffer = b""
        self._last_id = 0

    async def send(self, *packets: Any) -> None:
        self.writer.write(b"".join(p if isinstance(p, bytes) else p.write() for p in packets))
        await self.writer.drain()

    async def packet(self, seconds: float = 5) -> Any:
        """The next packet; None at the end of the connection."""
        async with asyncio.timeout(seconds):
            while True:
                with contextlib.suppress(IndexError):
                    packet, size = mqtt5.read(memoryview(self._buffer))
                    self._buffer = self._buffer[size:]
                    return packet
                try:
                    data = await self.reader.read(1 << 16)
                except ConnectionError:
                    return None
                if not data:
                    return None
                self._buffer += data

    async def expect(self, kind: type, seconds: float = 5) -> Any:
        packet = await self.packet(seconds)
        assert isinstance(packet, kind), packet
        return packet

    async def silent(self, seconds: float = 0.1) -> bool:
        """Whether nothing comes for a while."""
        try:
            packet = await self.packet(seconds)
        except TimeoutError:
            return True
        raise AssertionError(packet)

    async def subscribe(
        self, *patterns: str, qos: QoS = QoS.AT_LEAST_ONCE, identifier: int | None = None, **options: Any
    ) -> list[int]:
        self._last_id += 1
        wanted = [Subscription(p, max_qos=qos, **options) for p in patterns]
        await self.send(SubscribePacket(self._last_id, wanted, subscription_id=identifier))
        return [int(code) for code in (await self.expect(SubAckPacket)).reason_codes]

    async def publish(
        self, topic: str, payload: bytes = b"", *, qos: QoS = QoS.AT_LEAST_ONCE, **options: Any
    ) -> int | None:
        """Publish and wait for the PUBACK; its reason code."""
        if qos is QoS.AT_MOST_ONCE:
            await self.send(PublishPacket(topic, payload, **options))
            return None
        self._last_id += 1
        await self.send(PublishPacket(topic, payload, qos=qos, packet_id=self._last_id, **options))
        answer = await self.expect(PubAckPacket)
        assert answer.packet_id == self._last_id
        return int(answer.reason_code)

    async def message(self, *, acknowledge: bool = True) -> PublishPacket:
        packet = await self.expect(PublishPacket)
        if acknowledge and packet.packet_id is not None:
            await self.send(PubAckPacket(packet.packet_id))
        return packet

    async def cut(self) -> None:
        """Vanish without a goodbye, and wait until the broker has seen it."""
        self.writer.transport.abort()
        await asyncio.sleep(0.02)

    def close(self) -> None:
        self.writer.close()


@pytest.fixture(autouse=True)
def no_callback_failed(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What goes wrong in a callback of the event loop is only logged there."""
    yield
    failures = [r for r in caplog.get_records("call") if r.name == "asyncio" and r.levelno >= logging.ERROR]
    assert not failures


Start = Callable[..., Awaitable[int]]
Dial = Callable[..., Awaitable[Wire]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """What starts a broker in the test's loop and returns its port; it takes the options of Broker."""
    brokers: list[Broker] = []

    async def start_one(**options: Any) -> int:
        options.setdefault("limits", Limits(linger_seconds=0.2))
        brokers.append(Broker(**options))
        return await brokers[-1].start()

    yield start_one
    for broker in brokers:
        await broker.close()


@pytest.fixture
async def port(start: Start) -> int:
    """A broker with nothing special about it."""
    return await start()


@pytest.fixture
async def dial() -> AsyncIterator[Dial]:
    """What connects raw clients: to a port, and under a client id if one is given; `connack` is the broker's answer."""
    clients: list[Wire] = []

    async def connect(port: int, client_id: str | None = None, **options: Any) -> Wire:
        client = Wire(*await asyncio.open_connection("127.0.0.1", port))
        clients.append(client)
        if client_id is not None:
            await client.send(ConnectPacket(client_id, **options))
            client.connack = await client.expect(ConnAckPacket)
        return client

    yield connect
    for client in clients:
        client.close()
        with contextlib.suppress(ConnectionError):
            await client.writer.wait_closed()


@pytest.fixture
def served() -> Iterator[Callable[..., int]]:
    """What starts a broker in a thread of its own, for clients that block, and returns its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    brokers: list[Broker] = []

    def serve(**options: Any) -> int:
        brokers.append(Broker(**options))
        return asyncio.run_coroutine_threadsafe(brokers[-1].start(), loop).result(5)

    yield serve
    for broker in brokers:
        asyncio.run_coroutine_threadsafe(broker.close(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()
