import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mqtt5 import ConnectPacket, DisconnectReasonCode, PublishPacket, SubscribePacket, Subscription, Will

from faultcast.broker.wire import CODECS, Framer, ProtocolViolation, protocol_level

# The codec's Rust side prints what made it panic.
noisy = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@given(st.lists(st.none() | st.integers(0, 3000), max_size=6), st.lists(st.integers(1, 5000), min_size=1, max_size=6))
def test_packets_come_out_whole_however_they_arrive(payloads: list[int | None], sizes: list[int]) -> None:
    packets = [b"\xc0\0" if size is None else PublishPacket("a/b", bytes(size)).write() for size in payloads]
    stream = b"".join(packets)
    framer = Framer(1 << 20)
    seen: list[bytes] = []
    at, turn = 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        seen += [bytes(frame) for frame in framer.feed(stream[at : at + size])]
        at, turn = at + size, turn + 1
    assert seen == packets


def test_a_packet_comes_out_with_its_last_byte() -> None:
    framer = Framer(1000)
    data = PublishPacket("a", bytes(200)).write()
    for byte in data[:-1]:
        assert not list(framer.feed(bytes((byte,))))
    assert [bytes(f) for f in framer.feed(data[-1:])] == [data]


def test_an_announced_size_is_refused_before_it_is_stored() -> None:
    framer = Framer(1000)
    with pytest.raises(ProtocolViolation) as caught:
        list(framer.feed(b"\x30\xff\xff\xff\x7f"))
    assert caught.value.reason == DisconnectReasonCode.PACKET_TOO_LARGE
    assert list(Framer(1000).feed(b"\x30\xe5\x07" + bytes(997)))


def test_a_length_of_five_bytes_is_malformed() -> None:
    with pytest.raises(ProtocolViolation, match="length"):
        list(Framer(1000).feed(b"\x30\xff\xff\xff\xff\x01"))


@pytest.mark.parametrize(
    ("data", "level"), [(b"\x10\x07\0\4MQTT\5", 5), (b"\x10\x07\0\4MQTT\4", 4), (b"\x10\x09\0\6MQIsdp\3", 3)]
)
def test_sees_which_protocol_is_asked_for(data: bytes, level: int) -> None:
    assert protocol_level(memoryview(data)) == level


@pytest.mark.parametrize(
    "data", [b"\xc0\0", b"\x10\0", b"\x10\x06\0\4MQTT", b"\x10\x07\0\4HTTP\5", b"\x30\x07\0\4MQTT\5"]
)
def test_anything_else_is_no_connect(data: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        protocol_level(memoryview(data))


@noisy
def test_text_that_is_no_utf8_is_malformed_like_anything_else() -> None:
    """The codec panics here instead of raising an Exception."""
    with pytest.raises(BaseException, match="pointer is null") as caught:
        mqtt5.read(memoryview(b"\x30\x05\0\1\xff\0x"))
    assert not isinstance(caught.value, Exception)
    with pytest.raises(ProtocolViolation) as violation:
        CODECS[5].read(memoryview(b"\x30\x05\0\1\xff\0x"))
    assert violation.value.reason == DisconnectReasonCode.MALFORMED_PACKET


SEEDS = [
    ConnectPacket("c", username="u", password=b"p", will=Will("t", payload=b"x", user_properties=[("a", "b")])).write(),
    ConnectPacket("c").write().replace(b"MQTT\5", b"MQTT\4"),
    PublishPacket("a/b", b"payload", content_type="x", correlation_data=b"1", user_properties=[("k", "v")]).write(),
    SubscribePacket(1, [Subscription("a/#"), Subscription("b")], subscription_id=300).write(),
]


@noisy
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=6),
    st.sampled_from([4, 5]),
)
def test_a_damaged_packet_is_read_or_refused(seed: bytes, damage: list[tuple[int, int]], level: int) -> None:
    data = bytearray(seed)
    for place, value in damage:
        data[place % len(data)] = value
    try:
        for frame in Framer(1 << 16).feed(bytes(data)):
            CODECS[level].read(frame)
    except ProtocolViolation:
        return
