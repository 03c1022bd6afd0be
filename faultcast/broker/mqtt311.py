"""MQTT 3.1.1 packets in the classes of the mqtt5 codec (OASIS standard mqtt-v3.1.1, chapter 3).

3.1.1 is MQTT 5 without properties and with fewer reason codes, so the same classes hold its packets: properties keep
their defaults, and a 3.1.1 session that is to be kept is one that never expires. Only what a client sends is read, only
what a server sends is written.
"""

from collections.abc import Callable

from mqtt5 import (
    ConnAckPacket,
    ConnAckReasonCode,
    ConnectPacket,
    DisconnectPacket,
    Packet,
    PingReqPacket,
    PingRespPacket,
    PubAckPacket,
    PublishPacket,
    QoS,
    SubAckPacket,
    SubscribePacket,
    Subscription,
    UnsubAckPacket,
    UnsubscribePacket,
    Will,
)

_QOS = (QoS.AT_MOST_ONCE, QoS.AT_LEAST_ONCE, QoS.EXACTLY_ONCE)
_NEVER_EXPIRES = 0xFFFFFFFF
# CONNACK return codes (table 3.1); what has no code of its own is "server unavailable".
_REFUSALS = {
    int(ConnAckReasonCode.SUCCESS): 0,
    int(ConnAckReasonCode.UNSUPPORTED_PROTOCOL_VERSION): 1,
    int(ConnAckReasonCode.CLIENT_ID_NOT_VALID): 2,
    int(ConnAckReasonCode.BAD_USER_NAME_OR_PASSWORD): 4,
    int(ConnAckReasonCode.NOT_AUTHORIZED): 5,
}
_SERVER_UNAVAILABLE = 3
_SUBACK_FAILURE = 0x80


class _Fields:
    """Reads the fields of a packet's body one after the other; ValueError when it ends too soon."""

    def __init__(self, body: memoryview) -> None:
        self._body = body
        self._at = 0

    def take(self, size: int) -> bytes:
        field = bytes(self._body[self._at : self._at + size])
        if len(field) != size:
            raise ValueError("the packet ends in the middle of a field")
        self._at += size
        return field

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def binary(self) -> bytes:
        return self.take(self.number())

    def text(self) -> str:
        return self.binary().decode()

    def rest(self) -> bytes:
        return self.take(len(self._body) - self._at)

    @property
    def left(self) -> bool:
        return self._at < len(self._body)


def body(frame: memoryview) -> memoryview:
    """A packet without its fixed header: the type byte and the length field."""
    start = 1
    while frame[start] & 0x80:
        start += 1
    return frame[start + 1 :]


def read(frame: memoryview) -> Packet:
    """Read one whole packet of a client. ValueError if it is malformed, or one that only servers or QoS 2 need."""
    kind, flags = frame[0] >> 4, frame[0] & 0x0F
    fields = _Fields(body(frame))
    if kind == 3:
        return _read_publish(flags, fields)
    reader, expected_flags = _READERS.get(kind, (None, 0))
    if reader is None or flags != expected_flags:
        raise ValueError(f"no packet of type {kind} with flags {flags} is expected from a client")
    packet = reader(fields)
    if fields.left:
        raise ValueError("the packet is longer than its fields")
    return packet


def _read_connect(fields: _Fields) -> ConnectPacket:
    fields.take(7)  # Protocol name and level: what chose this codec.
    flags = fields.byte()
    has_will, will_qos = bool(flags & 0x04), flags >> 3 & 0x03
    if flags & 0x01 or will_qos == 3 or (not has_will and flags & 0x38) or (not flags & 0x80 and flags & 0x40):
        raise ValueError("connect flags that contradict each other")
    keep_alive = fields.number()
    client_id = fields.text()
    will = None
    if has_will:
        topic = fields.text()
        will = Will(topic, payload=fields.binary(), qos=_QOS[will_qos], retain=bool(flags & 0x20))
    clean = bool(flags & 0x02)
    return ConnectPacket(
        client_id,
        username=fields.text() if flags & 0x80 else None,
        password=fields.binary() if flags & 0x40 else None,
        clean_start=clean,
        will=will,
        keep_alive=keep_alive,
        session_expiry_interval=0 if clean else _NEVER_EXPIRES,
    )


def _read_publish(flags: int, fields: _Fields) -> PublishPacket:
    qos = flags >> 1 & 0x03
    if qos == 3:
        raise ValueError("there is no QoS 3")
    topic = fields.text()
    packet_id = fields.number() if qos else None
    return PublishPacket(
        topic,
        fields.rest(),
        qos=_QOS[qos],
        retain=bool(flags & 0x01),
        packet_id=packet_id,
        duplicate=bool(flags & 0x08),
    )


def _read_subscribe(fields: _Fields) -> SubscribePacket:
    packet_id = fields.number()
    subscriptions: list[Subscription] = []
    while fields.left:
        pattern, qos = fields.text(), fields.byte()
        if qos > 2:
            raise ValueError("a subscription asks for QoS 0, 1 or 2")
        subscriptions.append(Subscription(pattern, max_qos=_QOS[qos], retain_as_published=False))
    return SubscribePacket(packet_id, subscriptions)


def _read_unsubscribe(fields: _Fields) -> UnsubscribePacket:
    packet_id = fields.number()
    patterns: list[str] = []
    while fields.left:
        patterns.append(fields.text())
    return UnsubscribePacket(packet_id, patterns)


def _read_puback(fields: _Fields) -> PubAckPacket:
    return PubAckPacket(fields.number())


def _read_pingreq(_fields: _Fields) -> PingReqPacket:
    return PingReqPacket()


def _read_disconnect(_fields: _Fields) -> DisconnectPacket:
    return DisconnectPacket()


# Packet type: reader and the flags that its fixed header must have (table 2.2).
_READERS: dict[int, tuple[Callable[[_Fields], Packet], int]] = {
    1: (_read_connect, 0),
    4: (_read_puback, 0),
    8: (_read_subscribe, 2),
    10: (_read_unsubscribe, 2),
    12: (_read_pingreq, 0),
    14: (_read_disconnect, 0),
}


def write(packet: Packet) -> bytes:
    """Write one packet of a server. A DISCONNECT is nothing: a 3.1.1 server just closes."""
    match packet:
        case PublishPacket():
            data = _write_publish(packet)
        case PubAckPacket():
            data = b"\x40\x02" + packet.packet_id.to_bytes(2, "big")
        case ConnAckPacket():
            code = _REFUSALS.get(int(packet.reason_code), _SERVER_UNAVAILABLE)
            data = bytes((0x20, 2, packet.session_present, code))
        case SubAckPacket():
            codes = bytes(min(int(code), _SUBACK_FAILURE) for code in packet.reason_codes)
            data = b"\x90" + _length(2 + len(codes)) + packet.packet_id.to_bytes(2, "big") + codes
        case UnsubAckPacket():
            data = b"\xb0\x02" + packet.packet_id.to_bytes(2, "big")
        case PingRespPacket():
            data = b"\xd0\x00"
        case DisconnectPacket():
            data = b""
        case _:
            raise ValueError(f"a server sends no {type(packet).__name__}")
    return data


def _write_publish(packet: PublishPacket) -> bytes:
    topic = packet.topic.encode()
    packet_id = b"" if packet.packet_id is None else packet.packet_id.to_bytes(2, "big")
    first = 0x30 | packet.duplicate << 3 | int(packet.qos) << 1 | packet.retain
    length = 2 + len(topic) + len(packet_id) + len(packet.payload)
    return b"".join((bytes((first,)), _length(length), len(topic).to_bytes(2, "big"), topic, packet_id, packet.payload))


def _length(value: int) -> bytes:
    """The variable length field (section 2.2.3)."""
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
