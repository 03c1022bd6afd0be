import pytest
from hypothesis import given
from hypothesis import strategies as st
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
    SubAckReasonCode,
    SubscribePacket,
    UnsubAckPacket,
    UnsubscribePacket,
)

from faultcast.broker.mqtt311 import read, write

HEAD = b"\0\4MQTT\4"


def parse(data: bytes) -> Packet:
    return read(memoryview(data))


def frame(first: int, body: bytes) -> bytes:
    assert len(body) < 128
    return bytes((first, len(body))) + body


def test_reads_a_connect_with_everything() -> None:
    packet = parse(frame(0x10, HEAD + b"\xee\0\x3c" + b"\0\2id" + b"\0\1w\0\3bye" + b"\0\1u" + b"\0\2\xff\0"))
    assert isinstance(packet, ConnectPacket)
    assert (packet.client_id, packet.keep_alive, packet.clean_start) == ("id", 60, True)
    assert (packet.username, packet.password) == ("u", b"\xff\0")
    assert (packet.will.topic, packet.will.payload, int(packet.will.qos), packet.will.retain) == ("w", b"bye", 1, True)
    assert packet.session_expiry_interval == 0


def test_a_session_that_is_not_clean_never_expires() -> None:
    packet = parse(frame(0x10, HEAD + b"\0\0\0" + b"\0\2id"))
    assert (packet.clean_start, packet.session_expiry_interval) == (False, 0xFFFFFFFF)
    assert (packet.username, packet.password, packet.will) == (None, None, None)


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (0x01, "reserved"),
        (0x08, "will QoS without will"),
        (0x1C, "will QoS 3"),
        (0x20, "retain without will"),
        (0x40, "password without user"),
    ],
)
def test_connect_flags_that_contradict_each_other(flags: int, why: str) -> None:
    with pytest.raises(ValueError, match="flags"):
        parse(frame(0x10, HEAD + bytes((flags, 0, 0)) + b"\0\2id" + b"\0\1x" * 3)), why


def test_reads_what_a_client_sends() -> None:
    packet = parse(b"\x3b\x08\0\3a/b\0\7!")
    assert isinstance(packet, PublishPacket)
    assert (packet.topic, packet.payload, packet.packet_id) == ("a/b", b"!", 7)
    assert (int(packet.qos), packet.duplicate, packet.retain) == (1, True, True)
    packet = parse(b"\x30\x04\0\1a!")
    assert (packet.topic, packet.payload, packet.packet_id, int(packet.qos)) == ("a", b"!", None, 0)
    assert parse(b"\x40\2\x12\x34").packet_id == 0x1234
    packet = parse(b"\x82\x0a\0\1\0\1a\1\0\1b\2")
    assert isinstance(packet, SubscribePacket)
    assert [(s.pattern, int(s.max_qos), s.retain_as_published, s.no_local) for s in packet.subscriptions] == [
        ("a", 1, False, False),
        ("b", 2, False, False),
    ]
    packet = parse(b"\xa2\x08\0\1\0\1a\0\1b")
    assert isinstance(packet, UnsubscribePacket)
    assert packet.patterns == ["a", "b"]
    assert isinstance(parse(b"\xc0\0"), PingReqPacket)
    assert isinstance(parse(b"\xe0\0"), DisconnectPacket)


@pytest.mark.parametrize(
    "data",
    [
        b"\x36\x05\0\1a\0\1",  # QoS 3
        b"\x30\x02\0\5",  # topic runs over the end
        b"\x30\x03\0\1\xff",  # no UTF-8
        b"\x32\x03\0\1a",  # no packet id
        b"\x80\x05\0\1\0\1a",  # SUBSCRIBE without its flags
        b"\x82\x06\0\1\0\1a\3",  # QoS 3
        b"\x82\x05\0\1\0\1a",  # a filter without its QoS
        b"\x40\3\0\1\0",  # longer than a PUBACK
        b"\xc0\1\0",
        b"\x20\2\0\0",  # a CONNACK
        b"\xf0\0",  # an AUTH, which is MQTT 5
        b"\x50\2\0\1",  # a PUBREC
        b"\0\0",
    ],
)
def test_malformed_packets(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(data)


@given(st.integers(0, 255), st.binary(max_size=100))
def test_any_bytes_make_a_packet_or_a_value_error(first: int, body: bytes) -> None:
    try:
        parse(frame(first, body))
    except ValueError:
        return


@given(
    topic=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50),
    payload=st.integers(0, 20000).map(bytes),
    retain=st.booleans(),
    packet_id=st.sampled_from([None, 1, 65535]),
)
def test_a_publish_reads_back_as_it_was_written(
    topic: str, payload: bytes, *, retain: bool, packet_id: int | None
) -> None:
    qos = QoS.AT_LEAST_ONCE if packet_id else QoS.AT_MOST_ONCE
    packet = parse(write(PublishPacket(topic, payload, qos=qos, retain=retain, packet_id=packet_id, duplicate=retain)))
    assert (packet.topic, packet.payload, packet.packet_id) == (topic, payload, packet_id)
    assert (packet.retain, packet.duplicate, int(packet.qos)) == (retain, retain, int(qos))


@pytest.mark.parametrize(
    ("packet", "data"),
    [
        (ConnAckPacket(session_present=True), b"\x20\2\1\0"),
        (ConnAckPacket(reason_code=ConnAckReasonCode.NOT_AUTHORIZED), b"\x20\2\0\5"),
        (ConnAckPacket(reason_code=ConnAckReasonCode.BAD_USER_NAME_OR_PASSWORD), b"\x20\2\0\4"),
        (ConnAckPacket(reason_code=ConnAckReasonCode.QUOTA_EXCEEDED), b"\x20\2\0\3"),
        (PubAckPacket(0x1234), b"\x40\2\x12\x34"),
        (
            SubAckPacket(2, [SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE, SubAckReasonCode.NOT_AUTHORIZED]),
            b"\x90\4\0\2\1\x80",
        ),
        (UnsubAckPacket(3, []), b"\xb0\2\0\3"),
        (PingRespPacket(), b"\xd0\0"),
        (DisconnectPacket(), b""),
    ],
)
def test_writes_what_a_server_sends(packet: Packet, data: bytes) -> None:
    assert write(packet) == data


def test_writes_nothing_that_a_client_sends() -> None:
    with pytest.raises(ValueError, match="PingReqPacket"):
        write(PingReqPacket())
