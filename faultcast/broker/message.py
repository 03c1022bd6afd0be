"""An application message on its way through the broker, and one delivery of it to one session."""

import math
import time
from typing import TYPE_CHECKING

from mqtt5 import PublishPacket, QoS

if TYPE_CHECKING:
    from faultcast.broker.shared import Group

_QOS = (QoS.AT_MOST_ONCE, QoS.AT_LEAST_ONCE)
# What a waiting message costs besides the bytes of its packet, about: objects and their places in queues.
_OVERHEAD = 512


class Message:
    """What a client published. The packet is kept as it came; its payload is shared by all deliveries.

    `publisher` is the client id; `qos` is 0 or 1; `size` is what it counts for where it waits, in bytes; `expires_at`
    is in seconds of the monotonic clock.
    """

    __slots__ = ("expires_at", "packet", "publisher", "qos", "retain", "size", "topic")

    def __init__(self, packet: PublishPacket, publisher: str, packet_bytes: int) -> None:
        self.packet = packet
        self.publisher = publisher
        self.topic = packet.topic
        self.qos = int(packet.qos)
        self.retain = packet.retain
        self.size = packet_bytes + _OVERHEAD
        expiry = packet.message_expiry_interval
        self.expires_at = None if expiry is None else time.monotonic() + expiry

    @property
    def expired(self) -> bool:
        """Past its Message Expiry Interval (section 3.3.2.3.3)."""
        return self.expires_at is not None and time.monotonic() >= self.expires_at


class Delivery:
    """One message for one session. `packet_id` is 0 until it was first sent; `group` is set when it came shared."""

    __slots__ = ("group", "identifiers", "message", "packet_id", "qos", "retain")

    def __init__(
        self, message: Message, qos: int, identifiers: list[int], *, retain: bool, group: "Group | None" = None
    ) -> None:
        self.message = message
        self.qos = qos
        self.retain = retain
        self.identifiers = identifiers
        self.group = group
        self.packet_id = 0

    def packet(self, *, duplicate: bool) -> PublishPacket:
        """The PUBLISH to send. Properties go through unaltered, the expiry less the time that it waited here."""
        origin = self.message.packet
        expires_at = self.message.expires_at
        return PublishPacket(
            origin.topic,
            origin.payload,
            qos=_QOS[self.qos],
            retain=self.retain,
            packet_id=self.packet_id or None,
            duplicate=duplicate,
            payload_format_indicator=origin.payload_format_indicator,
            message_expiry_interval=None if expires_at is None else max(0, math.ceil(expires_at - time.monotonic())),
            content_type=origin.content_type,
            response_topic=origin.response_topic,
            correlation_data=origin.correlation_data,
            subscription_ids=self.identifiers,
            user_properties=origin.user_properties,
        )
