"""Connections to the MQTT broker (MQTT 5), and publishing that survives their loss."""

import asyncio
import random
import ssl
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiomqtt

from contract.errors import BrokerUnavailable, LimitExceeded
from runtime.logs import get_logger
from runtime.mqtt_client import MqttClient
from runtime.settings import Broker, Settings

log = get_logger(__name__)

CONNECT_SECONDS = 5.0
KEEP_ALIVE_SECONDS = 30
LONGEST_PAUSE = 15.0
PUBLISH_SECONDS = 10.0
LARGEST_PACKET = 8 << 20
"""Bytes; the broker drops for us what is larger: far above any message of ours, half of what the client can hold."""
PACKET_OVERHEAD = 16
"""Bytes of a PUBLISH beside topic and payload, at most."""


@asynccontextmanager
async def broker_connection(
    settings: Settings, identifier: str, *, session_expiry_seconds: int = 0, receive_maximum: int = 64
) -> AsyncGenerator[aiomqtt.Client]:
    """One connection, without reconnecting.

    With a session expiry the broker keeps subscriptions and messages for this `identifier` while we are away.

    Raises:
        BrokerUnavailable: it cannot be reached or refuses us; also out of the body, when the connection is lost.
    """
    broker = Broker.parse(settings.broker_url)
    await _probe(broker)
    client = MqttClient(
        hostname=broker.host,
        port=broker.port,
        identifier=identifier,
        username=broker.username,
        password=broker.password.encode() if broker.password is not None else None,
        ssl_context=ssl.create_default_context() if broker.tls else None,
        clean_start=session_expiry_seconds == 0,
        session_expiry_interval=session_expiry_seconds,
        receive_max=receive_maximum,
        max_packet_size=LARGEST_PACKET,
        keep_alive=KEEP_ALIVE_SECONDS,
    )
    try:
        async with AsyncExitStack() as stack:
            await _enter(stack, client, broker)
            yield client
    except aiomqtt.NegativeAckError as error:
        raise BrokerUnavailable(
            f"the broker at {broker} refuses us ({error}): check user, password and access list"
        ) from error
    except (aiomqtt.ConnectError, aiomqtt.ProtocolError, OSError) as error:
        raise BrokerUnavailable(f"the connection to the broker at {broker} was lost ({error})") from error


async def _enter(stack: AsyncExitStack, client: aiomqtt.Client, broker: Broker) -> None:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await stack.enter_async_context(client)
    except TimeoutError as error:
        raise BrokerUnavailable(
            f"what listens at {broker} does not answer as an MQTT 5 broker would: is FAULTCAST_BROKER_URL right?"
        ) from error


async def verify_broker(settings: Settings) -> None:
    """Check at start-up that the broker takes us; raises `BrokerUnavailable`."""
    async with broker_connection(settings, f"faultcast-verify-{random.getrandbits(32):08x}"):
        pass


@dataclass(frozen=True, slots=True)
class _Link:
    """One connection of a publisher."""

    client: aiomqtt.Client
    lost: asyncio.Task[None]
    largest_packet: int | None
    """What the broker takes, in bytes; None when it names no limit."""
    sending: set[asyncio.Task[object]] = field(default_factory=set[asyncio.Task[object]])
    """What waits for its PUBACK, or for its turn to be sent."""

    def send(self, topic: str, payload: bytes) -> asyncio.Task[object]:
        """Publish in a task of its own, which goes on when its caller gives up: else its slot would never come back."""
        identifier = next(self.client.packet_ids)
        publish = self.client.publish(topic, payload, qos=aiomqtt.QoS.AT_LEAST_ONCE, packet_id=identifier)
        task: asyncio.Task[object] = asyncio.create_task(publish)
        self.sending.add(task)
        task.add_done_callback(self._sent)
        return task

    def abandon(self) -> None:
        """Free those that wait for their turn; the client itself would let them wait for ever."""
        for task in self.sending:
            task.cancel()

    def _sent(self, task: asyncio.Task[object]) -> None:
        self.sending.discard(task)
        if not task.cancelled():
            task.exception()  # there may be no caller any more who asks for it


class Publisher:
    """Publishes at QoS 1, and waits out lost connections: `publish` returns when the broker has PUBACKed."""

    def __init__(self, settings: Settings, identifier: str) -> None:
        """Nothing is connected until `run`."""
        self._settings = settings
        self._identifier = identifier
        self._current: asyncio.Future[_Link] | None = None

    async def run(self) -> None:
        """Keep a connection until cancelled."""
        pause = 0.2
        while True:
            try:
                async with broker_connection(self._settings, self._identifier) as client:
                    pause = 0.2
                    await self._serve(client)
            except BrokerUnavailable as error:
                log.warning("waiting for the broker", code=error.code, reason=str(error), seconds=round(pause, 1))
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 (jitter)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _serve(self, client: aiomqtt.Client) -> None:
        connack = await client.connected()
        link = _Link(client, asyncio.create_task(client.disconnected()), connack.max_packet_size)
        self._link().set_result(link)
        try:
            await asyncio.wait((link.lost,))  # waiting for the client itself would, when cancelled, break it
        finally:
            self._current = None
            link.abandon()

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish, waiting a while for a broker that is away; returns when it has PUBACKed.

        Raises:
            BrokerUnavailable: it did not within `PUBLISH_SECONDS`, or refuses the message. It may arrive all the same.
            LimitExceeded: the broker takes no message of this size.
        """
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self._publish(topic, payload)
        except TimeoutError as error:
            raise BrokerUnavailable(f"the broker did not acknowledge a message within {PUBLISH_SECONDS:g} s") from error

    async def _publish(self, topic: str, payload: bytes) -> None:
        while True:
            link = await asyncio.shield(self._link())
            _check_size(topic, payload, link.largest_packet)
            sending = link.send(topic, payload)
            await asyncio.wait((sending, link.lost), return_when=asyncio.FIRST_COMPLETED)
            try:
                if sending.done() and not sending.cancelled():
                    sending.result()
                    return
            except aiomqtt.NegativeAckError as error:
                raise BrokerUnavailable(
                    f"the broker refuses a message on {topic} ({error}): check its access list"
                ) from error
            except (aiomqtt.ConnectError, aiomqtt.ProtocolError, OSError) as error:
                log.debug("a message is sent again", topic=topic, reason=str(error))
            await asyncio.sleep(0.1)

    @property
    def connected(self) -> bool:
        """Whether a connection stands."""
        return self._current is not None and self._current.done()

    def _link(self) -> "asyncio.Future[_Link]":
        if self._current is None:
            self._current = asyncio.get_running_loop().create_future()
        return self._current


def _check_size(topic: str, payload: bytes, largest: int | None) -> None:
    """A broker ends the connection over a packet that is too large, and would again on every try."""
    size = len(topic.encode()) + len(payload) + PACKET_OVERHEAD
    if largest is not None and size > largest:
        raise LimitExceeded(
            f"message of {len(payload)} bytes on {topic}; the broker takes packets of {largest} at most: "
            "raise its limit (max_packet_size of Mosquitto)"
        )


async def _probe(broker: Broker) -> None:
    """The client connects its socket in the foreground; this finds out first whether that would hang."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(broker.host, broker.port)
    except (TimeoutError, OSError) as error:
        raise BrokerUnavailable(
            f"no MQTT broker at {broker} ({error or 'no answer'}): is it running, is FAULTCAST_BROKER_URL right?"
        ) from error
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
