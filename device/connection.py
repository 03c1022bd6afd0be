"""One MQTT connection, from connect to loss; built on paho-mqtt, driven by its caller, without threads.

A broken connection is thrown away with everything that paho remembers of it: what was in flight is the window's
business, not the MQTT session's.
"""

import secrets
import socket
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from contract.ack import Ack, AckError, decode_ack
from contract.errors import BrokerUnavailable
from device.broker import Broker

CONNECT_TIMEOUT = 10.0
"""Seconds for TCP, TLS, CONNACK and SUBACK."""


class ConnectionRefused(BrokerUnavailable):
    """The broker answers, and will not have us: credentials or access list."""

    code = "broker-refused"


class Connection:
    """A context manager: connected inside, closed after it."""

    def __init__(self, broker: Broker, clock: Callable[[], float], subscribe: Sequence[str]) -> None:
        """`subscribe` are the topics of the acks; none of them means to publish only."""
        self._broker = broker
        self._clock = clock
        self._topics = subscribe
        self._ready = False
        self._lost = ""
        self._refused = ""
        self._unacknowledged: set[int] = set()
        self._acks: deque[tuple[str, Ack]] = deque()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"faultcast-{secrets.token_hex(6)}",
            protocol=MQTTProtocolVersion(broker.version),
        )
        self._client.connect_timeout = CONNECT_TIMEOUT
        if broker.username is not None:
            self._client.username_pw_set(broker.username, broker.password)
        if broker.tls is not None:
            self._client.tls_set_context(broker.tls.context())  # pyright: ignore[reportUnknownMemberType] (paho leaves it untyped)
        self._client.on_socket_open = _send_at_once
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish

    def __enter__(self) -> Self:
        """Connect and subscribe; raises `BrokerUnavailable`."""
        try:
            self._client.connect(self._broker.host, self._broker.port, self._broker.keep_alive)
        except OSError as error:
            raise BrokerUnavailable(
                f"no broker at {self._broker.name}: {error}. Check host, port, firewall, and mqtt:// against mqtts://"
            ) from error
        try:
            self._greet()
        except BaseException:
            self._client.disconnect()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say good-bye; what was not answered is forgotten."""
        self._client.disconnect()

    @property
    def unacknowledged(self) -> int:
        """Messages that the broker has not confirmed yet."""
        return len(self._unacknowledged)

    def publish(self, topic: str, payload: bytes) -> None:
        """Hand one message to the broker with QoS 1."""
        self._unacknowledged.add(self._client.publish(topic, payload, qos=1).mid)

    def acks(self, timeout: float) -> list[tuple[str, Ack]]:
        """Serve the connection for at most `timeout` seconds; the acks that came, each with its topic.

        Raises `BrokerUnavailable` when the connection is lost.
        """
        if not self._acks:
            self._turn(timeout)
        arrived = list(self._acks)
        self._acks.clear()
        return arrived

    def _greet(self) -> None:
        deadline = self._clock() + CONNECT_TIMEOUT
        while not self._ready:
            left = deadline - self._clock()
            if left <= 0:
                raise BrokerUnavailable(f"{self._broker.name} takes connections and does not answer as an MQTT broker")
            self._turn(left)

    def _turn(self, timeout: float) -> None:
        code = self._client.loop(timeout)
        if self._refused:
            raise ConnectionRefused(self._refused)
        if self._lost or code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BrokerUnavailable(
                f"connection to {self._broker.name} lost: {self._lost or mqtt.error_string(code)}. "
                "If it happens again and again, look into the broker's log: a denied topic may be the cause"
            )

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._refused = f"{self._broker.name} refuses the connection: {reason}. Check user name and password"
        elif self._topics:
            client.subscribe([(topic, 1) for topic in self._topics])
        else:
            self._ready = True

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _data: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refused = (
                f"{self._broker.name} refuses to subscribe to {self._topics[0]}: {reasons[0]}. "
                "Check that the broker's access list lets this user read its own ack topic"
            )
        self._ready = True

    def _on_publish(
        self, _client: mqtt.Client, _data: object, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self._unacknowledged.discard(mid)
        if reason.is_failure:
            self._refused = (
                f"{self._broker.name} refuses a chunk: {reason}. "
                "Check that the broker's access list lets this user write its own dump topic"
            )

    def _on_disconnect(
        self, _client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self._lost = str(reason)

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        try:
            self._acks.append((message.topic, decode_ack(bytes(message.payload))))
        except AckError:
            return  # whatever it is, it moves nothing; the window's time-out goes on


def _send_at_once(_client: mqtt.Client, _data: object, connection: object) -> None:
    """Nagle's algorithm would hold a window's last chunk back until the broker's delayed TCP acknowledgement."""
    if isinstance(connection, socket.socket) and connection.family != getattr(socket, "AF_UNIX", None):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
