"""Connections and publishing, on a real Mosquitto that dies, and on brokers that behave badly."""

import asyncio
import signal
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

import aiomqtt
import pytest
from support.services import Process, free_port, needed

from contract.errors import BrokerUnavailable, LimitExceeded
from runtime import mqtt
from runtime.mqtt import Publisher, broker_connection, verify_broker
from runtime.settings import Settings

pytestmark = pytest.mark.services


class Broker:
    """A Mosquitto of the test's own, which survives its death with all sessions (those of a second ago)."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.database = folder / "mosquitto.db"
        configuration = folder / "own.conf"
        lines = [f"listener {self.port} 127.0.0.1", "persistence true", f"persistence_location {folder}/", *options]
        configuration.write_text("\n".join([*lines, "autosave_interval 1", "user root", ""]))
        self._process = Process([needed("mosquitto"), "-c", str(configuration)], self.port, folder / "own.log")
        self.start, self.kill = self._process.start, self._process.kill

    @property
    def settings(self) -> Settings:
        return Settings(broker_url=f"mqtt://127.0.0.1:{self.port}", topic_root="t", _env_file=None)

    def freeze(self) -> None:
        assert self._process._process is not None
        self._process._process.send_signal(signal.SIGSTOP)

    async def saved(self) -> None:
        """Wait until what it knows now is on the disk."""
        before = self.database.stat().st_mtime_ns if self.database.exists() else 0
        async with asyncio.timeout(10):
            while not self.database.exists() or self.database.stat().st_mtime_ns == before:
                await asyncio.sleep(0.05)


MakeBroker = Callable[..., Broker]


@pytest.fixture
def make_broker(tmp_path: Path) -> Iterator[MakeBroker]:
    """Makes a broker with options of its own, not yet started."""
    made: list[Broker] = []

    def make(*options: str) -> Broker:
        made.append(Broker(tmp_path, *options))
        return made[-1]

    yield make
    for broker in made:
        broker.kill()


@pytest.fixture
def anonymous(make_broker: MakeBroker) -> Broker:
    broker = make_broker("allow_anonymous true")
    broker.start()
    return broker


@asynccontextmanager
async def publisher(settings: Settings) -> AsyncIterator[Publisher]:
    made = Publisher(settings, "publisher")
    running = asyncio.create_task(made.run())
    try:
        yield made
        assert not running.done(), "a publisher never gives up"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class Listener:
    """A subscriber with a session that outlives its connections."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.received: list[bytes] = []
        self.subscribed = asyncio.Event()

    async def run(self) -> None:
        while True:
            with suppress(BrokerUnavailable):
                async with broker_connection(self._settings, "listener", session_expiry_seconds=600) as client:
                    await client.subscribe("t/#", max_qos=aiomqtt.QoS.AT_LEAST_ONCE)
                    self.subscribed.set()
                    async for packet in client.messages():
                        assert isinstance(packet, aiomqtt.PublishPacket)
                        self.received.append(packet.payload)
                        if packet.packet_id is not None:
                            await client.puback(packet.packet_id)
            await asyncio.sleep(0.05)


@asynccontextmanager
async def listener(settings: Settings) -> AsyncIterator[Listener]:
    made = Listener(settings)
    running = asyncio.create_task(made.run())
    try:
        await asyncio.wait_for(made.subscribed.wait(), 10)
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(check: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not check():
            await asyncio.sleep(0.02)


def names(numbers: range) -> set[bytes]:
    return {b"%d" % number for number in numbers}


async def test_everything_published_arrives_though_the_broker_is_killed_in_the_middle(anonymous: Broker) -> None:
    """Frozen first, so that messages are on the wire and unacknowledged for certain when it dies."""
    async with publisher(anonymous.settings) as sender, listener(anonymous.settings) as ear:
        for number in range(50):
            await sender.publish("t/x", b"%d" % number)
        await until(lambda: names(range(50)) <= set(ear.received))
        await anonymous.saved()
        anonymous.freeze()
        sending = [asyncio.create_task(sender.publish("t/x", b"%d" % number)) for number in range(50, 150)]
        await asyncio.sleep(0.2)
        assert not any(task.done() for task in sending)
        anonymous.kill()
        await asyncio.to_thread(anonymous.start)
        await asyncio.wait_for(asyncio.gather(*sending), 20)
        await until(lambda: names(range(150)) <= set(ear.received))


async def test_publishing_waits_for_a_broker_that_is_not_there_yet(make_broker: MakeBroker) -> None:
    broker = make_broker("allow_anonymous true")
    async with publisher(broker.settings) as sender:
        assert not sender.connected
        sending = asyncio.create_task(sender.publish("t/x", b"1"))
        await asyncio.sleep(0.5)
        assert not sending.done()
        await asyncio.to_thread(broker.start)
        await asyncio.wait_for(sending, 10)
        assert sender.connected


async def test_more_at_once_than_the_broker_takes_in_flight(make_broker: MakeBroker) -> None:
    broker = make_broker("allow_anonymous true", "max_inflight_messages 2")
    broker.start()
    async with publisher(broker.settings) as sender, listener(broker.settings) as ear:
        await asyncio.wait_for(asyncio.gather(*(sender.publish("t/x", b"%d" % n) for n in range(200))), 20)
        await until(lambda: names(range(200)) <= set(ear.received))


async def test_the_death_of_the_broker_frees_those_that_waited_their_turn(make_broker: MakeBroker) -> None:
    broker = make_broker("allow_anonymous true", "max_inflight_messages 2")
    broker.start()
    async with publisher(broker.settings) as sender:
        await sender.publish("t/x", b"connected")
        idle = len(asyncio.all_tasks())
        broker.freeze()
        sending = [asyncio.create_task(sender.publish("t/x", b"%d" % n)) for n in range(40)]
        await asyncio.sleep(0.2)
        broker.kill()
        await asyncio.to_thread(broker.start)
        await asyncio.wait_for(asyncio.gather(*sending), 20)
        await until(lambda: len(asyncio.all_tasks()) <= idle)  # and none of them is left behind


async def test_a_cancelled_publish_leaves_the_others_alone(make_broker: MakeBroker) -> None:
    broker = make_broker("allow_anonymous true", "max_inflight_messages 2")
    broker.start()
    async with publisher(broker.settings) as sender:
        await sender.publish("t/x", b"connected")
        for _ in range(10):
            sending = asyncio.create_task(sender.publish("t/x", b"never mind"))
            await asyncio.sleep(0)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        await asyncio.wait_for(sender.publish("t/x", b"last"), 10)
        assert sender.connected


async def test_a_publisher_that_is_stopped_says_goodbye(anonymous: Broker) -> None:
    """Without DISCONNECT the broker would take it for a lost connection, and publish its will had it one."""
    async with publisher(anonymous.settings) as sender:
        await sender.publish("t/x", b"1")
    log = anonymous.database.parent / "own.log"
    async with asyncio.timeout(10):  # the broker writes when it gets to it
        while "Client publisher" not in log.read_text().partition("as publisher")[2]:
            await asyncio.sleep(0.05)
    assert "Client publisher disconnected" in log.read_text()
    assert "Client publisher closed its connection" not in log.read_text()


async def test_a_message_that_the_access_list_forbids_is_named(make_broker: MakeBroker, tmp_path: Path) -> None:
    access = tmp_path / "acl"
    access.write_text("topic readwrite t/allowed\n")
    broker = make_broker("allow_anonymous true", f"acl_file {access}")
    access.chmod(0o600)
    broker.start()
    async with publisher(broker.settings) as sender:
        await sender.publish("t/allowed", b"1")
        with pytest.raises(BrokerUnavailable, match=r"t/forbidden.*access list"):
            await asyncio.wait_for(sender.publish("t/forbidden", b"1"), 10)


async def test_a_message_larger_than_the_broker_takes_is_named_and_does_not_cost_the_connection(
    make_broker: MakeBroker,
) -> None:
    broker = make_broker("allow_anonymous true", "max_packet_size 2000")
    broker.start()
    async with publisher(broker.settings) as sender:
        with pytest.raises(LimitExceeded, match="2000"):
            await asyncio.wait_for(sender.publish("t/x", bytes(2000)), 10)
        await asyncio.wait_for(sender.publish("t/x", bytes(1000)), 10)


async def test_a_message_larger_than_any_of_ours_does_not_stop_a_subscriber(anonymous: Broker) -> None:
    """A device may publish what it likes; aiomqtt has a buffer of 16 MiB and would fall over what does not fit."""
    async with listener(anonymous.settings) as ear:
        pub = await asyncio.create_subprocess_exec(
            needed("mosquitto_pub"), "-V", "5", "-q", "1", "-p", str(anonymous.port), "-t", "t/x", "-s",
            stdin=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await asyncio.wait_for(pub.communicate(bytes(20 << 20)), 20)
        async with publisher(anonymous.settings) as sender:
            await sender.publish("t/x", b"after")
        await until(lambda: b"after" in ear.received)
        assert ear.received == [b"after"]


async def test_a_broker_that_is_not_there_is_named_with_what_to_do() -> None:
    port = free_port()
    settings = Settings(broker_url=f"mqtt://user:secret@127.0.0.1:{port}", _env_file=None)
    with pytest.raises(BrokerUnavailable, match=f"no MQTT broker at 127.0.0.1:{port}.*FAULTCAST_BROKER_URL") as caught:
        await verify_broker(settings)
    assert "secret" not in str(caught.value)
    assert caught.value.code == "broker-unavailable"


async def test_a_wrong_password_is_named_with_what_to_do(make_broker: MakeBroker) -> None:
    broker = make_broker("allow_anonymous false")
    broker.start()
    url = f"mqtt://user:secret@127.0.0.1:{broker.port}"
    with pytest.raises(BrokerUnavailable, match=r"refuses us.*check user, password and access list") as caught:
        await verify_broker(Settings(broker_url=url, _env_file=None))
    assert "secret" not in str(caught.value)


async def test_a_broker_that_is_there_verifies(anonymous: Broker) -> None:
    await verify_broker(anonymous.settings)


Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
CONNACK = b"\x20\x03\x00\x00\x00"


@asynccontextmanager
async def impostor(behave: Behaviour) -> AsyncIterator[Settings]:
    """A server on a broker's port that does as it likes with a connection once it has seen a CONNECT."""
    serving: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving[cast("asyncio.Task[None]", asyncio.current_task())] = writer
        with suppress(OSError):
            if await reader.read(1000):
                await behave(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield Settings(broker_url=f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}", _env_file=None)
    finally:
        server.close()
        for writer in serving.values():
            writer.transport.abort()
        await asyncio.gather(*serving)


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What a broker's death looks like when it had not read all of ours."""
    writer.write(CONNACK)
    await asyncio.sleep(0.1)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def leave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(CONNACK)
    await asyncio.sleep(0.1)
    writer.close()


async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(CONNACK)
    await asyncio.sleep(0.1)
    writer.write(b"\xf0\xff\xff\xff\xff\xff" * 10)
    await asyncio.sleep(0.3)


async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def speak_http(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await writer.drain()
    writer.close()


@pytest.mark.parametrize("behave", [reset, leave, babble])
async def test_a_lost_connection_ends_what_waits_for_messages(behave: Behaviour) -> None:
    async with impostor(behave) as settings, asyncio.timeout(5):
        with pytest.raises(BrokerUnavailable, match="was lost"):
            async with broker_connection(settings, "x") as client:
                await anext(aiter(client.messages()))


@pytest.mark.parametrize("behave", [reset, leave, babble])
async def test_a_publisher_outlives_every_kind_of_loss(behave: Behaviour) -> None:
    connections = 0

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await behave(reader, writer)

    async with impostor(counted) as settings, publisher(settings) as sender:
        sending = asyncio.create_task(sender.publish("t/x", b"1"))
        await until(lambda: connections >= 3)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


@pytest.mark.parametrize("broken", ["drain", "wait_closed"])
async def test_a_worker_that_is_stopped_stops_though_the_connection_breaks_that_moment(
    anonymous: Broker, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """A broken pipe on the way out must not hide the cancellation: what is cancelled would go on."""
    connected = asyncio.Event()

    async def break_() -> None:
        raise BrokenPipeError(32, "Broken pipe")

    async def work() -> None:
        async with broker_connection(anonymous.settings, "x") as client:
            monkeypatch.setattr(client._writer, broken, break_)
            connected.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await connected.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("behave", [say_nothing, speak_http])
async def test_something_that_is_no_broker_is_named(behave: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "CONNECT_SECONDS", 0.5)
    async with impostor(behave) as settings, asyncio.timeout(5):
        with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1"):
            await verify_broker(settings)


async def test_a_puback_that_is_lost_makes_a_second_delivery_and_not_none() -> None:
    published: list[bytes] = []

    async def swallow_the_first_puback(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CONNACK)
        packet = await reader.read(1000)
        published.append(packet)
        if len(published) > 1:
            packet_id = packet[packet.index(b"t/x") + 3 :][:2]
            writer.write(b"\x40\x02" + packet_id)
            await reader.read()

    async with impostor(swallow_the_first_puback) as settings, publisher(settings) as sender:
        await asyncio.wait_for(sender.publish("t/x", b"payload"), 10)
    assert len(published) == 2
    assert all(b"payload" in packet for packet in published)
