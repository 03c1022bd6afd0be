import asyncio

from faultcast.broker.outbox import Outbox


class FakeTransport:
    """Remembers what is written; nobody reads it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.aborted = False

    def set_write_buffer_limits(self, high: int) -> None:
        self.high = high

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def get_write_buffer_size(self) -> int:
        return sum(len(data) for data in self.written)

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


async def test_packets_of_one_turn_leave_in_one_write() -> None:
    transport = FakeTransport()
    outbox = Outbox(transport, 1000)
    outbox.put(b"a")
    outbox.put(b"b")
    assert not transport.written
    await asyncio.sleep(0)
    assert transport.written == [b"ab"]
    outbox.put(b"c")
    outbox.flush()
    await asyncio.sleep(0)
    assert transport.written == [b"ab", b"c"]


async def test_much_does_not_wait_for_the_turn_to_end() -> None:
    transport = FakeTransport()
    outbox = Outbox(transport, 1 << 20)
    for _ in range(3):
        outbox.put(bytes(40_000))
    assert [len(data) for data in transport.written] == [80_000]
    outbox.flush()


async def test_who_does_not_read_is_cut_off() -> None:
    transport = FakeTransport()
    outbox = Outbox(transport, 100)
    for _ in range(5):
        outbox.put(bytes(60))
        outbox.flush()
    assert transport.aborted
    assert len(transport.written) == 2
