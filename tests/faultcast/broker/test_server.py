"""Real clients: paho-mqtt in both protocol versions, aiomqtt, and Mosquitto's command-line tools."""

import asyncio
import queue
import random
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import aiomqtt
import mqtt5
import paho.mqtt.client as paho
import pytest
from aiomqtt import QoS
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from faultcast.broker import Broker, Grant, Limits

Serve = Callable[..., int]
VERSIONS = [pytest.param(paho.MQTTv311, id="3.1.1"), pytest.param(paho.MQTTv5, id="5")]
mosquitto_tools = pytest.mark.skipif(
    not (shutil.which("mosquitto_pub") and shutil.which("mosquitto_sub")),
    reason="mosquitto's clients are not installed",
)


class Paho:
    """A paho client with its network thread; what it gets goes to `got`."""

    def __init__(
        self, port: int, version: int, client_id: str, *, keep: bool = False, user: tuple[str, str] | None = None
    ) -> None:
        options = {} if version == paho.MQTTv5 else {"clean_session": not keep}
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=version, **options)
        self.got: queue.Queue[paho.MQTTMessage] = queue.Queue()
        self.connected: queue.Queue[tuple[str, bool]] = queue.Queue()
        self.client.on_message = lambda _c, _u, message: self.got.put(message)
        self.client.on_connect = lambda _c, _u, flags, reason, _p: self.connected.put(
            (str(reason), flags.session_present)
        )
        if user is not None:
            self.client.username_pw_set(*user)
        if version == paho.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 60 if keep else 0
            self.client.connect("127.0.0.1", port, clean_start=not keep, properties=properties)
        else:
            self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.reason, self.session_present = self.connected.get(timeout=5)

    def subscribe(self, pattern: str) -> list[int]:
        done: queue.Queue[list[int]] = queue.Queue()
        self.client.on_subscribe = lambda _c, _u, _m, reasons, _p: done.put([r.value for r in reasons])
        self.client.subscribe(pattern, qos=2)
        return done.get(timeout=5)

    def payloads(self, count: int) -> list[bytes]:
        return [self.got.get(timeout=10).payload for _ in range(count)]

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def die(self) -> None:
        """Vanish: the socket closes without a DISCONNECT."""
        self.client.on_connect = None
        self.client.reconnect_delay_set(60, 60)
        self.client.socket().shutdown(2)
        self.client.loop_stop()


@pytest.mark.parametrize("version", VERSIONS)
def test_paho_thousands_of_messages_and_none_lost(served: Serve, version: int) -> None:
    port, count = served(), 3000
    receiver, sender = Paho(port, version, "receiver"), Paho(port, version, "sender")
    assert receiver.subscribe("a/+/b") == [1]
    sent = [sender.client.publish(f"a/{n % 7}/b", str(n).encode(), qos=1) for n in range(count)]
    for info in sent:
        info.wait_for_publish(10)
    assert [int(p) for p in receiver.payloads(count)] == list(range(count))
    receiver.stop()
    sender.stop()


@pytest.mark.parametrize("version", VERSIONS)
def test_paho_resumes_its_session_and_finds_what_came_meanwhile(served: Serve, version: int) -> None:
    port = served()
    receiver, sender = Paho(port, version, "receiver", keep=True), Paho(port, version, "sender")
    assert not receiver.session_present
    receiver.subscribe("a")
    receiver.stop()
    for number in range(500):
        sender.client.publish("a", str(number).encode(), qos=1).wait_for_publish(5)
    receiver = Paho(port, version, "receiver", keep=True)
    assert receiver.session_present
    assert [int(p) for p in receiver.payloads(500)] == list(range(500))
    receiver.stop()
    sender.stop()


@pytest.mark.parametrize("version", VERSIONS)
def test_paho_retained_and_will(served: Serve, version: int) -> None:
    port = served()
    watcher, sender = Paho(port, version, "watcher"), Paho(port, version, "sender")
    sender.client.publish("kept", b"retained", qos=1, retain=True).wait_for_publish(5)
    watcher.subscribe("#")
    message = watcher.got.get(timeout=5)
    assert (message.topic, message.payload, message.retain) == ("kept", b"retained", True)
    mortal = paho.Client(CallbackAPIVersion.VERSION2, "mortal", protocol=version)
    mortal.will_set("will", b"gone", qos=1)
    mortal.connect("127.0.0.1", port)
    mortal.loop_start()
    while not mortal.is_connected():
        time.sleep(0.01)
    mortal.reconnect_delay_set(60, 60)
    mortal.socket().shutdown(2)
    message = watcher.got.get(timeout=5)
    assert (message.topic, message.payload, message.retain) == ("will", b"gone", False)
    mortal.disconnect()
    mortal.loop_stop()
    watcher.stop()
    sender.stop()


@pytest.mark.parametrize("version", VERSIONS)
def test_paho_needs_its_password_and_keeps_to_its_topics(served: Serve, version: int) -> None:
    port = served(users={"d1": "secret"}, grants=[Grant("device/%u/#")])
    device = Paho(port, version, "x", user=("d1", "secret"))
    assert device.reason == "Success"
    assert device.subscribe("device/d1/ack") == [1]
    assert device.subscribe("device/+/ack")[0] >= 0x80
    device.client.publish("device/d1/ack", b"x", qos=1)
    assert device.payloads(1) == [b"x"]
    device.stop()
    for user in (("d1", "wrong"), ("d2", "secret")):
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=version)
        client.username_pw_set(*user)
        refused: queue.Queue[str] = queue.Queue()
        client.on_connect = lambda _c, _u, _f, reason, _p, refused=refused: refused.put(str(reason))
        client.connect("127.0.0.1", port)
        while refused.empty():
            client.loop(0.05)
        assert refused.get() == "Bad user name or password"


def test_paho_takeover_in_3_1_1(served: Serve) -> None:
    port = served()
    first = Paho(port, paho.MQTTv311, "same", keep=True)
    first.subscribe("a")
    lost = threading.Event()
    first.client.on_disconnect = lambda *_: lost.set()
    first.client.reconnect_delay_set(60, 60)
    second = Paho(port, paho.MQTTv311, "same", keep=True)
    assert lost.wait(5)
    assert second.session_present
    second.client.publish("a", b"x", qos=1)
    assert second.payloads(1) == [b"x"]
    first.stop()
    second.stop()


@pytest.fixture
async def broker() -> Any:
    broker = Broker()
    broker.port = await broker.start()
    yield broker
    await broker.close()


def client(broker: Any, name: str, **options: Any) -> aiomqtt.Client:
    return aiomqtt.Client(hostname="127.0.0.1", port=broker.port, identifier=name, **options)


async def publish_all(broker: Any, topic: str, numbers: range) -> None:
    async with client(broker, f"publisher of {numbers}") as publisher:
        gate = asyncio.Semaphore(100)

        async def publish(number: int) -> None:
            async with gate:
                answer = await publisher.publish(
                    topic, str(number).encode(), qos=QoS.AT_LEAST_ONCE, packet_id=next(publisher.packet_ids)
                )
                assert int(answer.reason_code) == 0

        await asyncio.gather(*(publish(number) for number in numbers))


async def take(subscriber: aiomqtt.Client, count: int, *, acknowledge: bool = True) -> list[mqtt5.PublishPacket]:
    got: list[mqtt5.PublishPacket] = []
    async with asyncio.timeout(20):
        async for message in subscriber.messages():
            got.append(message)
            if acknowledge:
                await subscriber.puback(message.packet_id)
            if len(got) == count:
                break
    return got


async def test_aiomqtt_thousands_of_messages_with_a_small_window(broker: Any) -> None:
    count = 3000
    async with client(broker, "subscriber", receive_max=20) as subscriber:
        await subscriber.subscribe("a/#", max_qos=QoS.AT_LEAST_ONCE)
        publishing = asyncio.create_task(publish_all(broker, "a/b", range(count)))
        got = await take(subscriber, count)
        await publishing
    assert sorted(int(m.payload) for m in got) == list(range(count))


async def test_aiomqtt_gets_no_more_than_its_receive_maximum(broker: Any) -> None:
    async with client(broker, "subscriber", receive_max=10) as subscriber:
        await subscriber.subscribe("a", max_qos=QoS.AT_LEAST_ONCE)
        await publish_all(broker, "a", range(30))
        await take(subscriber, 10, acknowledge=False)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(aiter(subscriber.messages())), 0.2)


async def test_aiomqtt_resumes_where_its_acknowledgements_ended(broker: Any) -> None:
    options = {"clean_start": False, "session_expiry_interval": 60}
    async with client(broker, "worker", receive_max=100, **options) as worker:
        await worker.subscribe("a", max_qos=QoS.AT_LEAST_ONCE)
        publishing = asyncio.create_task(publish_all(broker, "a", range(500)))
        first = await take(worker, 50)
        unacknowledged = await take(worker, 30, acknowledge=False)
        await publishing
    async with client(broker, "worker", receive_max=1000, **options) as worker:
        assert (await worker.connected()).session_present
        rest = await take(worker, 450)
    numbers = [int(m.payload) for m in rest]
    assert sorted([int(m.payload) for m in first] + numbers) == list(range(500))
    assert numbers[:30] == [int(m.payload) for m in unacknowledged]
    assert all(m.duplicate for m in rest[:30])
    assert not rest[-1].duplicate


async def test_shared_subscription_survives_the_death_of_a_member(broker: Any) -> None:
    """Two members with sessions of no length, one of which dies with messages in hand: the other gets them."""
    count = 600
    async with client(broker, "survivor", receive_max=20) as survivor:
        await survivor.subscribe("$share/workers/a", max_qos=QoS.AT_LEAST_ONCE)
        async with client(broker, "mortal", receive_max=20) as mortal:
            await mortal.subscribe("$share/workers/a", max_qos=QoS.AT_LEAST_ONCE)
            publishing = asyncio.create_task(publish_all(broker, "a", range(count)))
            done = await take(mortal, 40)
            await take(mortal, 20, acknowledge=False)
        got = await take(survivor, count - len(done))
        await publishing
    assert sorted(int(m.payload) for m in [*done, *got]) == list(range(count))


async def test_shared_subscription_is_shared_evenly(broker: Any) -> None:
    counts: Counter[str] = Counter()

    async def work(name: str) -> None:
        async with client(broker, name, receive_max=50) as member:
            await member.subscribe("$share/workers/a/#", max_qos=QoS.AT_LEAST_ONCE)
            ready.release()
            async for message in member.messages():
                counts[name] += 1
                await member.puback(message.packet_id)
                if counts.total() == 900:
                    done.set()

    ready, done = asyncio.Semaphore(0), asyncio.Event()
    tasks = [asyncio.create_task(work(f"member{n}")) for n in range(3)]
    for _ in tasks:
        await ready.acquire()
    await publish_all(broker, "a/b", range(900))
    await asyncio.wait_for(done.wait(), 10)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert counts.total() == 900
    assert min(counts.values()) > 200


@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
@mosquitto_tools
def test_mosquitto_clients(served: Serve, version: str) -> None:
    """Lines piped through `mosquitto_pub` come out of a waiting `mosquitto_sub`, and out of one that resumes."""
    port, count = str(served()), 2000
    common = ["-V", version, "-h", "127.0.0.1", "-p", port, "-q", "1"]
    lines = "".join(f"{n}\n" for n in range(count))
    keep = ["-c", "-i", "sub", *(["-x", "60"] if version == "mqttv5" else [])]
    # -E: leave when subscribed, the session stays.
    subprocess.run(["mosquitto_sub", *common, *keep, "-t", "a/#", "-E"], check=True, timeout=10)
    subprocess.run(["mosquitto_pub", *common, "-t", "a/b", "-l"], input=lines, text=True, check=True, timeout=20)
    taken = subprocess.run(
        ["mosquitto_sub", *common, *keep, "-t", "a/#", "-C", str(count)],
        check=True,
        timeout=20,
        capture_output=True,
        text=True,
    )
    assert taken.stdout == lines


@mosquitto_tools
def test_mosquitto_clients_are_told_why_not(served: Serve) -> None:
    port = str(served(users={"ada": "x"}))
    command = ["mosquitto_pub", "-V", "mqttv5", "-p", port, "-t", "a", "-m", "x"]
    refused = subprocess.run(command, check=False, timeout=10, capture_output=True, text=True)
    assert refused.returncode
    assert "bad user name or password" in refused.stderr.lower()
    subprocess.run([*command, "-u", "ada", "-P", "x"], check=True, timeout=10)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_garbage_hurts_nobody_else(broker: Any, dial: Any) -> None:
    """Random bytes, damaged packets and half packets on many connections, while a pair of clients goes on."""
    chance = random.Random(7)
    seeds = [
        mqtt5.ConnectPacket("evil", will=mqtt5.Will("w", payload=b"x", user_properties=[("a", "b")])).write(),
        mqtt5.ConnectPacket("evil").write().replace(b"MQTT\5", b"MQTT\4"),
        mqtt5.SubscribePacket(1, [mqtt5.Subscription("#"), mqtt5.Subscription("$share/g/#")]).write(),
        mqtt5.PublishPacket("a/b", b"x", qos=QoS.AT_LEAST_ONCE, packet_id=1, content_type="t").write(),
        mqtt5.PubAckPacket(1).write(),
        mqtt5.UnsubscribePacket(1, ["#"]).write(),
        mqtt5.DisconnectPacket(session_expiry_interval=100).write(),
    ]

    async def attack() -> None:
        evil = await dial(broker.port)
        data = bytearray(chance.randbytes(chance.randrange(200)))
        if chance.random() < 0.8:
            data = bytearray(seeds[chance.randrange(2)]) + b"".join(chance.choices(seeds, k=5))
            for _ in range(chance.randrange(4)):
                data[chance.randrange(len(data))] = chance.randrange(256)
        evil.writer.write(bytes(data))
        await asyncio.sleep(0.005)
        evil.writer.transport.abort()

    async with client(broker, "subscriber") as subscriber:
        await subscriber.subscribe("good", max_qos=QoS.AT_LEAST_ONCE)
        publishing = asyncio.create_task(publish_all(broker, "good", range(300)))
        for _ in range(30):
            await asyncio.gather(*(attack() for _ in range(10)))
        assert {int(m.payload) for m in await take(subscriber, 300)} == set(range(300))
        await publishing
    await asyncio.sleep(0.05)
    assert not broker._connections


async def test_close_sends_everybody_away_and_frees_the_port(dial: Any) -> None:
    broker = Broker(limits=Limits(linger_seconds=0.2))
    port = await broker.start()
    silent, polite = await dial(port), await dial(port, "me", will=mqtt5.Will("w"))
    await broker.close()
    answer = await polite.expect(mqtt5.DisconnectPacket)
    assert int(answer.reason_code) == int(mqtt5.DisconnectReasonCode.SERVER_SHUTTING_DOWN)
    assert await silent.packet() is None
    await broker.close()
    assert await broker.start(port=port) == port
    await broker.close()


async def test_a_port_that_is_taken_is_an_os_error(broker: Any) -> None:
    with pytest.raises(OSError, match="address already in use"):
        await Broker().start(port=broker.port)
    with pytest.raises(RuntimeError):
        await broker.start()
