"""One client's connection: its packets in, its packets out, and whether it has to wait."""

import asyncio
import logging
from collections.abc import Callable
from typing import cast

from mqtt5 import (
    ConnAckPacket,
    ConnAckReasonCode,
    ConnectPacket,
    DisconnectPacket,
    DisconnectReasonCode,
    Packet,
    PingReqPacket,
    PingRespPacket,
    PubAckPacket,
    PublishPacket,
    QoS,
    SubAckPacket,
    SubAckReasonCode,
    SubscribePacket,
    UnsubAckPacket,
    UnsubAckReasonCode,
    UnsubscribePacket,
)
from mqtt5 import Subscription as Request

from faultcast.broker.access import Access
from faultcast.broker.handshake import Refusal, check, will_of
from faultcast.broker.inbox import Inbox
from faultcast.broker.limits import Limits
from faultcast.broker.message import Delivery
from faultcast.broker.outbox import Outbox
from faultcast.broker.router import Router
from faultcast.broker.session import Session, Subscription
from faultcast.broker.sessions import Sessions, Will
from faultcast.broker.topic import InvalidTopic, check_filter, split_share
from faultcast.broker.wire import CODECS, Framer, ProtocolViolation, protocol_level

logger = logging.getLogger(__name__)

_GRANTED = (SubAckReasonCode.GRANTED_QOS_AT_MOST_ONCE, SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE)


class Connection(asyncio.Protocol):
    """From CONNECT to DISCONNECT: reads packets, obeys them, and carries what its session sends."""

    def __init__(
        self,
        router: Router,
        sessions: Sessions,
        access: Access,
        limits: Limits,
        on_lost: "Callable[[Connection], None]",
    ) -> None:
        self._router = router
        self._sessions = sessions
        self._access = access
        self._limits = limits
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._framer = Framer(limits.connect_bytes)
        self._codec = CODECS[5]
        self._session: Session | None = None
        self._inbox: Inbox | None = None
        self._username: str | None = None
        self._name = ""
        self._will: Will | None = None
        self._max_packet: int | None = None
        self._keep_alive = 0.0
        self._heard = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False
        self.writable = True
        self.receive_max = 0

    # The event loop's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there; it has a while to say who it is."""
        self._transport = cast("asyncio.Transport", transport)
        self._outbox = Outbox(self._transport, self._limits.unread_bytes)
        self._timer = self._loop.call_later(self._limits.connect_seconds, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        """Bytes came. Whatever is wrong with them ends this connection and no other."""
        self._heard = self._loop.time()
        try:
            for frame in self._framer.feed(data):
                if self._session is None or self._inbox is None:
                    self._connect(frame)
                else:
                    self._obey(frame, self._session, self._inbox)
                if self._closing:
                    return
        except Refusal as refusal:
            logger.warning("refused client %s: %s", self._name, refusal)
            self._send(ConnAckPacket(reason_code=refusal.reason))
            self._close()
        except ProtocolViolation as violation:
            # A stranger's garbage is no news: anybody can send it.
            level = logging.DEBUG if self._session is None else logging.WARNING
            logger.log(level, "client %s: %s", self._name, violation)
            self.end(violation.reason)
        if self._session is not None:
            self._session.pump()

    def pause_writing(self) -> None:
        """The client is behind in reading."""
        self.writable = False

    def resume_writing(self) -> None:
        """The client has caught up."""
        self.writable = True
        if self._session is not None:
            self._session.pump()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The socket is gone, for whatever reason."""
        self._closing = True
        self._leave()
        self._on_lost(self)

    # The session's side.

    def publish(self, delivery: Delivery, *, duplicate: bool) -> bool:
        """Send a PUBLISH, unless the client's Maximum Packet Size forbids it (section 3.1.2.11.4)."""
        data = self._codec.write(delivery.packet(duplicate=duplicate))
        if self._max_packet is not None and len(data) > self._max_packet:
            logger.warning("client %s takes no packet of %d bytes: not sent", self._name, len(data))
            return False
        self._outbox.put(data)
        return True

    def take_over(self) -> None:
        """The client id connected again: this connection ends, the session goes on there."""
        logger.info("client %s connected again from elsewhere", self._name)
        self.end(DisconnectReasonCode.SESSION_TAKEN_OVER)

    # The server's side.

    def end(self, reason: DisconnectReasonCode) -> None:
        """Send the client away and say why, where its protocol has a way to."""
        if self._closing:
            return
        told = self._session is not None
        self._leave()
        if told:
            self._send(DisconnectPacket(reason_code=reason))
        self._close()

    def shut_down(self) -> None:
        """The broker goes down: everybody is told, nobody's will is published."""
        self._will = None
        self.end(DisconnectReasonCode.SERVER_SHUTTING_DOWN)

    def _close(self) -> None:
        self._closing = True
        self._leave()
        self._outbox.flush()
        self._transport.close()
        # A peer that does not read what is left for it would keep the socket open for good.
        self._timer = self._loop.call_later(self._limits.linger_seconds, self._transport.abort)

    def _leave(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._inbox is not None:
            self._inbox.close()
        session, self._session = self._session, None
        if session is not None:
            self._sessions.leave(session, self._will)

    def _send(self, packet: Packet) -> None:
        self._outbox.put(self._codec.write(packet))

    # Packets, in the order of a connection's life.

    def _connect(self, frame: memoryview) -> None:
        level = protocol_level(frame)
        codec = CODECS.get(level)
        if codec is None:
            # Answer in the tongue that is nearest to what was asked for.
            self._codec = CODECS[5 if level > 5 else 4]
            raise Refusal(ConnAckReasonCode.UNSUPPORTED_PROTOCOL_VERSION, f"protocol level {level} is not spoken here")
        self._codec = codec
        packet = codec.read(frame)
        if not isinstance(packet, ConnectPacket):
            raise ProtocolViolation(DisconnectReasonCode.PROTOCOL_ERROR, "the first packet is no CONNECT")
        self._name = f"{packet.client_id:.64}".encode("unicode_escape").decode()
        check(packet, level, self._access, self._sessions)

        client_id = packet.client_id or self._sessions.new_client_id()
        self._username = packet.username
        self._will = will_of(packet, len(frame), client_id)
        self._max_packet = packet.max_packet_size
        self.receive_max = packet.receive_max if level == 5 else self._limits.window
        self._framer.max_bytes = self._limits.packet_bytes
        session, present = self._sessions.open(
            client_id, packet.username, self, clean=packet.clean_start, expiry=packet.session_expiry_interval
        )
        self._session = session
        self._inbox = Inbox(
            self._router,
            self._access,
            self._limits,
            client_id=client_id,
            username=packet.username,
            level=level,
            transport=self._transport,
            send=self._send,
        )
        self._send(
            ConnAckPacket(
                session_present=present,
                assigned_client_id=None if packet.client_id else client_id,
                receive_max=self._limits.receive_max,
                max_qos=QoS.AT_LEAST_ONCE,
                max_packet_size=self._limits.packet_bytes,
            )
        )
        if self._timer is not None:
            self._timer.cancel()
        self._keep_alive = packet.keep_alive * 1.5
        if self._keep_alive:
            self._timer = self._loop.call_later(self._keep_alive, self._check_alive)

    def _check_alive(self) -> None:
        """Silence for one and a half times the Keep Alive ends a connection (section 3.1.2.10)."""
        if self._inbox is not None and not self._inbox.reading:
            # It may have spoken: nobody listens to it now.
            self._heard = self._loop.time()
        left = self._heard + self._keep_alive - self._loop.time()
        if left <= 0:
            logger.info("client %s was silent for longer than its keep-alive", self._name)
            self.end(DisconnectReasonCode.KEEP_ALIVE_TIMEOUT)
        else:
            self._timer = self._loop.call_later(left, self._check_alive)

    def _obey(self, frame: memoryview, session: Session, inbox: Inbox) -> None:
        packet = self._codec.read(frame)
        match packet:
            case PublishPacket():
                inbox.receive(packet, len(frame))
            case PubAckPacket():
                session.acknowledge(packet.packet_id)
            case PingReqPacket():
                self._send(PingRespPacket())
            case SubscribePacket():
                self._subscribe(packet, session)
            case UnsubscribePacket():
                self._unsubscribe(packet, session)
            case DisconnectPacket():
                self._disconnect(packet, session)
            case _:
                raise _protocol_error(f"a {type(packet).__name__} is not expected from a client")

    def _subscribe(self, packet: SubscribePacket, session: Session) -> None:
        if not packet.packet_id or not packet.subscriptions or packet.subscription_id == 0:
            raise _protocol_error("a SUBSCRIBE has a packet id and at least one filter")
        codes: list[SubAckReasonCode] = []
        follow_ups: list[Callable[[], None]] = []
        for request in packet.subscriptions:
            code = self._refusal_of(request, session)
            if code is None:
                qos = min(int(request.max_qos), 1)
                code = _GRANTED[qos]
                identifier = packet.subscription_id or 0
                subscription = Subscription(session, qos, request.no_local, request.retain_as_published, identifier)
                follow_ups.append(self._router.subscribe(request.pattern, subscription, request.retain_handling))
            codes.append(code)
        self._send(SubAckPacket(packet.packet_id, codes))
        for follow_up in follow_ups:
            follow_up()

    def _refusal_of(self, request: Request, session: Session) -> SubAckReasonCode | None:
        try:
            check_filter(request.pattern)
            share, _ = split_share(request.pattern)
        except InvalidTopic:
            return SubAckReasonCode.TOPIC_FILTER_INVALID
        if share is not None and request.no_local:
            raise _protocol_error("a shared subscription cannot be No Local")
        if not self._access.may_subscribe(self._username, request.pattern):
            logger.warning("client %s may not subscribe to %.200r", self._name, request.pattern)
            return SubAckReasonCode.NOT_AUTHORIZED
        if request.pattern not in session.filters and len(session.filters) >= self._limits.subscriptions:
            return SubAckReasonCode.QUOTA_EXCEEDED
        return None

    def _unsubscribe(self, packet: UnsubscribePacket, session: Session) -> None:
        if not packet.packet_id or not packet.patterns:
            raise _protocol_error("an UNSUBSCRIBE has a packet id and at least one filter")
        codes = [
            UnsubAckReasonCode.SUCCESS
            if self._router.unsubscribe(pattern, session)
            else UnsubAckReasonCode.NO_SUBSCRIPTION_EXISTED
            for pattern in packet.patterns
        ]
        self._send(UnsubAckPacket(packet.packet_id, codes))

    def _disconnect(self, packet: DisconnectPacket, session: Session) -> None:
        """A goodbye takes the will with it, unless it says otherwise (section 3.14.4)."""
        if packet.session_expiry_interval is not None:
            if packet.session_expiry_interval and not session.expiry:
                raise _protocol_error("a session that was to end with its connection cannot be kept after all")
            session.expiry = packet.session_expiry_interval
        if int(packet.reason_code) == int(DisconnectReasonCode.NORMAL_DISCONNECTION):
            self._will = None
        self._close()


def _protocol_error(text: str) -> ProtocolViolation:
    return ProtocolViolation(DisconnectReasonCode.PROTOCOL_ERROR, text)
