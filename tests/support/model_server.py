"""The server's side of the protocol as docs/protocol.md tells it, without a store, for the tests of the device."""

from itertools import count

from contract.ack import Ack
from device.window import Layout

HALF_WINDOW = 8


def ack_of(where: Layout, held: set[int], state: str = "open", **more: object) -> Ack:
    first = next(n for n in count() if n not in held)
    bits = sum(1 << (2047 - (n - first)) for n in held if first <= n < first + 2048)
    return Ack(
        dump_id=where.dump_id,
        state=state,
        total_size=where.total_size,
        chunk_size=where.chunk_size,
        first_missing=first,
        held=bits.to_bytes(256).rstrip(b"\0"),
        **more,
    )


class ModelServer:
    """One upload. Acknowledges every half window, gap, duplicate, and the end."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.held: set[int] = set()
        self.fresh = 0
        self.finished = False

    def receive(self, sequence: int) -> Ack | None:
        if self.finished:
            return ack_of(self.layout, set(), "stored" if sequence == 0 else "open")
        duplicate = sequence in self.held
        self.held.add(sequence)
        self.fresh += not duplicate
        if len(self.held) == self.layout.count:
            self.finished = True
            return ack_of(self.layout, self.held, "stored")
        gap = len(self.held) <= max(self.held)
        if duplicate or gap or self.fresh >= HALF_WINDOW:
            self.fresh = 0
            return ack_of(self.layout, self.held)
        return None

    def forget(self) -> None:
        """What happens after a checksum that does not match, or a long silence."""
        self.held.clear()
        self.fresh = 0
