"""What one client publishes: taken, declined, or held back while some queue has no room for it."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from mqtt5 import DisconnectReasonCode, Packet, PubAckPacket, PubAckReasonCode, PublishPacket

from faultcast.broker.access import Access
from faultcast.broker.limits import Limits
from faultcast.broker.message import Message
from faultcast.broker.router import Router
from faultcast.broker.topic import InvalidTopic, check_name
from faultcast.broker.wire import ProtocolViolation

logger = logging.getLogger(__name__)

_KNOWN_TOPICS = 1000


class Inbox:
    """The PUBLISHes of one client, in their order.

    What is held has no PUBACK yet. The packets behind it are still read: they may be the very PUBACKs that make room.
    Only a client that sends on past all bounds is not read from until there is room.
    """

    def __init__(
        self,
        router: Router,
        access: Access,
        limits: Limits,
        *,
        client_id: str,
        username: str | None,
        level: int,
        transport: asyncio.ReadTransport,
        send: Callable[[Packet], None],
    ) -> None:
        self.reading = True
        self._client_id = client_id
        self._username = username
        self._level = level
        self._router = router
        self._access = access
        self._receive_max = limits.receive_max
        self._transport = transport
        self._send = send
        self._held: deque[Message] = deque()
        self._held_acks = 0
        self._known_topics: set[str] = set()

    def receive(self, packet: PublishPacket, packet_bytes: int) -> None:
        """Take a PUBLISH, decline it, or hold it back.

        Raises:
            ProtocolViolation: something that only the end of the connection can answer.
        """
        message = Message(packet, self._client_id, packet_bytes)
        if message.qos == 2:
            raise ProtocolViolation(DisconnectReasonCode.QOS_NOT_SUPPORTED, "QoS 2 is not spoken here")
        if message.qos and not packet.packet_id:
            raise ProtocolViolation(DisconnectReasonCode.PROTOCOL_ERROR, "a PUBLISH at QoS 1 has a packet id")
        if packet.topic_alias is not None:
            raise ProtocolViolation(DisconnectReasonCode.TOPIC_ALIAS_INVALID, "no topic alias was offered")
        if packet.subscription_ids:
            raise ProtocolViolation(DisconnectReasonCode.PROTOCOL_ERROR, "clients send no subscription identifiers")
        if not self._permits(message):
            return
        if self._held or not self._router.admits(message):
            self._hold(message)
        else:
            self._take(message)

    def retry(self) -> bool:
        """There may be room for what is held; True if nothing is held any more."""
        while self._held:
            if not self._router.admits(self._held[0]):
                return False
            message = self._held.popleft()
            self._router.held.release(message.size)
            self._held_acks -= message.qos
            self._take(message)
        if not self.reading:
            self.reading = True
            self._transport.resume_reading()
        return True

    def close(self) -> None:
        """Drop what is held: it was never acknowledged, so the client still has it."""
        self._router.leave(self)
        for message in self._held:
            self._router.held.release(message.size)
        self._held.clear()

    def _permits(self, message: Message) -> bool:
        """Whether the message may be published; if not, its publisher knows by now."""
        if message.topic not in self._known_topics:
            try:
                check_name(message.topic)
            except InvalidTopic as error:
                raise ProtocolViolation(DisconnectReasonCode.TOPIC_NAME_INVALID, str(error)) from None
            if not self._access.may_publish(self._username, message.topic):
                self._decline(
                    message,
                    PubAckReasonCode.NOT_AUTHORIZED,
                    DisconnectReasonCode.NOT_AUTHORIZED,
                    f"not allowed to publish to {message.topic:.200}",
                )
                return False
            if len(self._known_topics) >= _KNOWN_TOPICS:
                self._known_topics.clear()
            self._known_topics.add(message.topic)
        if message.retain and not self._router.retained.has_room(message):
            self._decline(
                message,
                PubAckReasonCode.QUOTA_EXCEEDED,
                DisconnectReasonCode.QUOTA_EXCEEDED,
                "no more retained messages fit in this broker",
            )
            return False
        return True

    def _decline(
        self, message: Message, acknowledge: PubAckReasonCode, disconnect: DisconnectReasonCode, text: str
    ) -> None:
        """Say no with a PUBACK where one can say it; else the connection ends rather than tell a lie."""
        if self._level < 5 or not message.qos:
            raise ProtocolViolation(disconnect, text)
        logger.warning("declined a message of client %.64r: %r", self._client_id, text)
        self._send(PubAckPacket(message.packet.packet_id or 0, reason_code=acknowledge))

    def _hold(self, message: Message) -> None:
        if self._level >= 5 and self._held_acks + message.qos > self._receive_max:
            raise ProtocolViolation(DisconnectReasonCode.RECEIVE_MAX_EXCEEDED, "more in flight than Receive Maximum")
        if not self._held:
            logger.info("client %.64r has to wait: a queue for its messages is full", self._client_id)
            self._router.wait(self)
        self._held.append(message)
        self._held_acks += message.qos
        self._router.held.charge(message.size)
        if self.reading and (self._router.held.full or len(self._held) > self._receive_max):
            self.reading = False
            self._transport.pause_reading()

    def _take(self, message: Message) -> None:
        self._router.deliver(message)
        if message.qos:
            self._send(PubAckPacket(message.packet.packet_id or 0))
