"""Connections to the MQTT broker (MQTT 5), and publishing that survives their loss."""

import asyncio
import random
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import aiomqtt

from contract.errors import BrokerUnavailable
from runtime.logs import get_logger
from runtime.settings import Broker, Settings

log = get_logger(__name__)

CONNECT_SECONDS = 5.0
KEEP_ALIVE_SECONDS = 30
LONGEST_PAUSE = 15.0
PUBLISH_SECONDS = 10.0


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
    client = aiomqtt.Client(
        hostname=broker.host,
        port=broker.port,
        identifier=identifier,
        username=broker.username,
        password=broker.password.encode() if broker.password is not None else None,
        ssl_context=ssl.create_default_context() if broker.tls else None,
        clean_start=session_expiry_seconds == 0,
        session_expiry_interval=session_expiry_seconds,
        receive_max=receive_maximum,
        keep_alive=KEEP_ALIVE_SECONDS,
    )
    try:
        async with client:
            yield client
    except aiomqtt.NegativeAckError as error:
        raise BrokerUnavailable(
            f"the broker at {broker} refuses us ({error}): check user, password and access list"
        ) from error
    except (aiomqtt.ConnectError, aiomqtt.ProtocolError, OSError) as error:
        raise BrokerUnavailable(f"the connection to the broker at {broker} was lost ({error})") from error


async def verify_broker(settings: Settings) -> None:
    """Check at start-up that the broker takes us; raises `BrokerUnavailable`."""
    async with broker_connection(settings, f"faultcast-verify-{random.getrandbits(32):08x}"):
        pass


class Publisher:
    """Publishes at QoS 1, and waits out lost connections: `publish` returns when the broker has PUBACKed."""

    def __init__(self, settings: Settings, identifier: str) -> None:
        """Nothing is connected until `run`."""
        self._settings = settings
        self._identifier = identifier
        self._client: asyncio.Future[aiomqtt.Client] | None = None

    async def run(self) -> None:
        """Keep a connection until cancelled."""
        pause = 0.2
        while True:
            try:
                async with broker_connection(self._settings, self._identifier) as client:
                    pause = 0.2
                    self._connection().set_result(client)
                    await client.disconnected()
            except BrokerUnavailable as error:
                log.warning("waiting for the broker", code=error.code, reason=str(error), seconds=round(pause, 1))
            finally:
                if self._connection().done():
                    self._client = None
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 (jitter)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish, waiting a while for a broker that is away; returns when it has PUBACKed.

        Raises:
            BrokerUnavailable: it did not within `PUBLISH_SECONDS`, or refuses the message. It may arrive all the same.
        """
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self._publish(topic, payload)
        except TimeoutError as error:
            raise BrokerUnavailable(f"the broker did not acknowledge a message within {PUBLISH_SECONDS:g} s") from error

    async def _publish(self, topic: str, payload: bytes) -> None:
        while True:
            client = await asyncio.shield(self._connection())
            try:
                await client.publish(topic, payload, qos=aiomqtt.QoS.AT_LEAST_ONCE, packet_id=next(client.packet_ids))
            except (aiomqtt.ConnectError, aiomqtt.ProtocolError, OSError):
                await asyncio.sleep(0.1)
                continue
            except aiomqtt.NegativeAckError as error:
                raise BrokerUnavailable(
                    f"the broker refuses a message on {topic} ({error}): check its access list"
                ) from error
            return

    @property
    def connected(self) -> bool:
        """Whether a connection stands."""
        return self._client is not None and self._client.done()

    def _connection(self) -> "asyncio.Future[aiomqtt.Client]":
        if self._client is None:
            self._client = asyncio.get_running_loop().create_future()
        return self._client


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
