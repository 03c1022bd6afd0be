from mqtt5 import PublishPacket

from faultcast.broker.message import Message
from faultcast.broker.retained import Retained


def message(topic: str, size: int) -> Message:
    return Message(PublishPacket(topic, bytes(size), retain=True), "publisher", size)


def test_counts_bytes_as_messages_come_and_go() -> None:
    retained = Retained(100, 5000)
    for _ in range(50):
        retained.keep(message("a", 2000))
    retained.keep(message("b", 1000))
    assert not retained.has_room(message("c", 2000))
    assert retained.has_room(message("a", 2000))
    retained.keep(message("a", 0))
    assert retained.has_room(message("c", 2000))
    assert [m.topic for m in retained.match("#")] == ["b"]


def test_a_message_that_has_no_room_leaves_the_earlier_one() -> None:
    retained = Retained(100, 2000)
    retained.keep(message("a", 100))
    retained.keep(message("a", 5000))
    assert [len(m.packet.payload) for m in retained.match("a")] == [100]
