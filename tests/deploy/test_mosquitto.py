"""The shipped broker configuration, access list and start script on the real Mosquitto."""

import asyncio
import os
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest
from support.services import Process, free_port, needed

from contract.chunk import MAX_MESSAGE_SIZE
from contract.errors import BrokerUnavailable
from runtime.mqtt import broker_connection
from runtime.settings import Settings

pytestmark = pytest.mark.services
SHIPPED = Path(__file__).resolve().parents[2] / "deploy/mosquitto"
SAVED_SECONDS = 4.0
"""It saves once the last time is more than a second ago, by a clock of whole seconds; then writing takes a moment."""


class Installation:
    """deploy/mosquitto as it is, with its two folders moved, the port changed, and two devices."""

    def __init__(self, folder: Path) -> None:
        self.port, self.tls_port = free_port(), free_port()
        self.folder, self.config, self.data = folder, folder / "config", folder / "data"
        shutil.copytree(SHIPPED, self.config)
        self.data.mkdir()
        for file in ("mosquitto.conf", "start.sh"):
            self.edit(file, {"/mosquitto/config": str(self.config), "/mosquitto/data": str(self.data)})
        self.edit("mosquitto.conf", {"listener 1883": f"listener {self.port} 127.0.0.1"})
        if os.geteuid() == 0:  # it would drop to a user who may not write here
            self.edit("mosquitto.conf", {"log_dest": "user root\nlog_dest"})
        for device in ("d1", "d2"):
            created = [] if (self.data / "users").exists() else ["-c"]
            subprocess.run(
                [needed("mosquitto_passwd"), *created, "-b", self.data / "users", device, f"of-{device}"], check=True
            )
        path = f"PATH={os.environ['PATH']}:{Path(needed('mosquitto')).parent}"
        passwords = ["BROKER_PASSWORD=of-faultcast", "CONSUMER_PASSWORD=of-consumer"]
        arguments = [needed("env"), path, *passwords, needed("sh"), str(self.config / "start.sh")]
        process = Process(arguments, self.port, folder / "mosquitto.log")
        self.start, self.kill = process.start, process.kill

    def edit(self, file: str, replacements: dict[str, str]) -> None:
        text = (self.config / file).read_text()
        for old, new in replacements.items():
            assert old in text, f"{old} is not in {file}"
            text = text.replace(old, new)
        (self.config / file).write_text(text)

    def settings(self, user: str, password: str | None = None) -> Settings:
        url = f"mqtt://{user}:{password or f'of-{user}'}@127.0.0.1:{self.port}"
        return Settings(broker_url=url, _env_file=None)

    @asynccontextmanager
    async def connected(self, user: str) -> AsyncIterator[aiomqtt.Client]:
        async with broker_connection(self.settings(user), f"test-{user}") as client:
            yield client


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path)
    installation.start()
    yield installation
    installation.kill()


async def publish(client: aiomqtt.Client, topic: str, payload: bytes) -> None:
    await client.publish(topic, payload, qos=aiomqtt.QoS.AT_LEAST_ONCE, packet_id=next(client.packet_ids))


async def receive(client: aiomqtt.Client, count: int) -> list[tuple[str, bytes]]:
    """The next messages, acknowledged."""
    received: list[tuple[str, bytes]] = []
    async with asyncio.timeout(20):
        async for packet in client.messages():
            assert isinstance(packet, aiomqtt.PublishPacket)
            received.append((packet.topic, packet.payload))
            if packet.packet_id is not None:
                await client.puback(packet.packet_id)
            if len(received) == count:
                break
    return received


async def subscribe(client: aiomqtt.Client, *topics: str) -> None:
    for topic in topics:
        await client.subscribe(topic, max_qos=aiomqtt.QoS.AT_LEAST_ONCE)


async def refused(broker: Installation, user: str, topic: str) -> None:
    """On a connection of its own: Mosquitto 2.0 answers `not authorized` and hangs up, and either may be seen first."""
    with pytest.raises(BrokerUnavailable, match=r"NOT_AUTHORIZED|was lost"):
        async with broker.connected(user) as client:
            await publish(client, topic, b"forged")


async def test_a_device_sends_as_itself_only(broker: Installation) -> None:
    topics = broker.settings("faultcast").topics
    async with broker.connected("faultcast") as workers:
        await subscribe(workers, topics.dumps, topics.crash_events)
        for foreign in (topics.dump("d2"), topics.ack("d1"), topics.crash_event("d1"), "anything"):
            await refused(broker, "d1", foreign)
        async with broker.connected("d1") as device:
            await publish(device, topics.dump("d1"), b"own")
        assert await receive(workers, 1) == [(topics.dump("d1"), b"own")]


async def test_a_device_hears_its_own_acknowledgements_only(broker: Installation) -> None:
    topics = broker.settings("faultcast").topics
    async with broker.connected("faultcast") as workers, broker.connected("d2") as device:
        await subscribe(device, "#", topics.ack("d1"), topics.ack("d2"))
        await publish(workers, topics.ack("d1"), b"for d1")
        await publish(workers, topics.crash_event("d1"), b"a crash")
        await publish(workers, topics.ack("d2"), b"for d2")
        assert await receive(device, 1) == [(topics.ack("d2"), b"for d2")]


async def test_a_consumer_reads_events_and_writes_nothing(broker: Installation) -> None:
    topics = broker.settings("faultcast").topics
    async with (
        broker.connected("faultcast") as workers,
        broker.connected("d1") as device,
    ):
        await subscribe(workers, topics.dumps, topics.crash_events)
        await subscribe(device, topics.ack("d1"))
        for topic in (topics.crash_event("d1"), topics.dump("consumer"), topics.dump("d1"), topics.ack("d1")):
            await refused(broker, "consumer", topic)
        async with broker.connected("consumer") as consumer:
            await subscribe(consumer, "#", topics.crash_events)
            await publish(workers, topics.ack("consumer"), b"an ack")
            await publish(workers, topics.ack("d1"), b"an ack")
            await publish(workers, topics.crash_event("d1"), b"a crash")
            assert await receive(consumer, 1) == [(topics.crash_event("d1"), b"a crash")]
        assert await receive(workers, 1) == [(topics.crash_event("d1"), b"a crash")]
        assert await receive(device, 1) == [(topics.ack("d1"), b"an ack")]


@pytest.mark.parametrize("url", ["mqtt://", "mqtt://d1:wrong@", "mqtt://nobody:of-d1@"])
async def test_nobody_else_gets_in(broker: Installation, url: str) -> None:
    settings = Settings(broker_url=f"{url}127.0.0.1:{broker.port}", _env_file=None)
    with pytest.raises(BrokerUnavailable, match="refuses us"):
        async with broker_connection(settings, "stranger"):
            pass


async def test_what_was_acknowledged_and_saved_survives_a_kill(broker: Installation) -> None:
    """3,000 messages for an ingest worker that is away: more than Mosquitto keeps by default, dead or alive."""
    topics = broker.settings("faultcast").topics
    away = {"identifier": "faultcast-ingest-a", "session_expiry_seconds": 3600, "receive_maximum": 2048}

    async with broker_connection(broker.settings("faultcast"), **away) as worker:
        await subscribe(worker, f"$share/faultcast-ingest/{topics.dumps}")
    sent = [number.to_bytes(4, "big") + bytes(1020) for number in range(3000)]
    async with broker.connected("d1") as device:
        for start in range(0, len(sent), 100):
            window = sent[start : start + 100]
            await asyncio.gather(*(publish(device, topics.dump("d1"), payload) for payload in window))
    await asyncio.sleep(SAVED_SECONDS)
    broker.kill()
    await asyncio.to_thread(broker.start)
    async with broker_connection(broker.settings("faultcast"), **away) as worker:
        received = await receive(worker, len(sent))
    assert {payload for _, payload in received} == set(sent)


async def test_the_largest_message_of_the_protocol_passes(broker: Installation) -> None:
    topics = broker.settings("faultcast").topics
    async with broker.connected("faultcast") as workers, broker.connected("d1") as device:
        await subscribe(workers, topics.dumps)
        await publish(device, topics.dump("d1"), bytes(MAX_MESSAGE_SIZE))
        assert await receive(workers, 1) == [(topics.dump("d1"), bytes(MAX_MESSAGE_SIZE))]


def make_certificate(certificate: Path, key: Path) -> None:
    """One that a client must be told to trust."""
    kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([needed("openssl"), *kind, *name, "-keyout", key, "-out", certificate], check=True, timeout=20)


async def test_tls_as_in_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installation = Installation(tmp_path)
    folder = installation.config / "tls"
    folder.mkdir()
    certificate = folder / "server.crt"
    make_certificate(certificate, folder / "server.key")
    example = installation.config / "conf.d/tls.conf.example"
    example.rename(installation.config / "conf.d/tls.conf")
    ports = {"listener 8883": f"listener {installation.tls_port} 127.0.0.1"}
    installation.edit("conf.d/tls.conf", {**ports, "/mosquitto/config": str(installation.config)})
    installation.start()
    try:
        settings = Settings(broker_url=f"mqtts://d1:of-d1@localhost:{installation.tls_port}", _env_file=None)
        with pytest.raises(BrokerUnavailable, match="certificate verify failed"):
            async with broker_connection(settings, "distrusts"):
                pass
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # how a private authority is trusted
        assert ssl.get_default_verify_paths().cafile == str(certificate)
        async with broker_connection(settings, "trusts") as device:
            await publish(device, settings.topics.dump("d1"), b"own")
    finally:
        installation.kill()
