"""The window machine against a model of the server, over a lossy, duplicating, reordering network."""

import heapq
import random
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.ack import Ack
from device.window import Layout, Window, WindowSettings

ID = b"0123456789abcdef"


def layout(chunks: int, chunk_size: int = 64) -> Layout:
    return Layout(ID, chunks * chunk_size - 3, chunk_size)


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


def window(chunks: int, **more: object) -> Window:
    return Window(layout(chunks), WindowSettings(**more), lambda: 0.0)


class Server:
    """Acks at every half window, gap, duplicate and completion; the same words the protocol page uses."""

    def __init__(self, where: Layout) -> None:
        self.layout = where
        self.held: set[int] = set()
        self.fresh = 0
        self.finished = False

    def receive(self, sequence: int) -> Ack | None:
        if self.finished:
            return ack_of(self.layout, set(), "stored" if sequence == 0 else "open")
        duplicate = sequence in self.held
        self.held.add(sequence)
        self.fresh += not duplicate
        gap = len(self.held) <= max(self.held)
        if len(self.held) == self.layout.count:
            self.finished = True
            return ack_of(self.layout, self.held, "stored")
        if duplicate or gap or self.fresh >= 8:
            self.fresh = 0
            return ack_of(self.layout, self.held)
        return None

    def forget(self) -> None:
        self.held.clear()


class Network:
    """Delivers messages after random delays; loses and doubles some."""

    def __init__(self, seed: int, loss: float, double: float, spread: float) -> None:
        self.random = random.Random(seed)
        self.loss, self.double, self.spread = loss, double, spread
        self.queue: list[tuple[float, int, str, object]] = []
        self.order = count()

    def send(self, now: float, kind: str, message: object) -> None:
        for _ in range(2 if self.random.random() < self.double else 1):
            if self.random.random() >= self.loss:
                at = now + 0.02 + self.random.random() * self.spread
                heapq.heappush(self.queue, (at, next(self.order), kind, message))


def run(machine: Window, server: Server, network: Network, forget_at: int = -1, resume_at: int = -1) -> float:
    now, steps = 0.0, 0
    while machine.verdict is None:
        steps += 1
        assert steps < 60_000, "no end in sight"
        for sequence in machine.due(now):
            network.send(now, "chunk", sequence)
        assert machine.in_flight <= machine.settings.size
        if steps == forget_at and not server.finished:
            server.forget()
        if steps == resume_at:
            network.queue.clear()
            machine.resume(now)
            continue
        if network.queue and network.queue[0][0] <= machine.wake_at:
            now, _, kind, message = heapq.heappop(network.queue)
            if kind == "chunk":
                assert isinstance(message, int)
                answer = server.receive(message)
                if answer:
                    network.send(now, "ack", answer)
            else:
                assert isinstance(message, Ack)
                machine.heard(message, now)
        else:
            assert machine.wake_at > now, "must not spin"
            now = machine.wake_at
    return now


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    chunks=st.integers(1, 120),
    size=st.integers(1, 40),
    loss=st.floats(0, 0.4),
    double=st.floats(0, 0.4),
    spread=st.floats(0, 1.5),
)
def test_everything_arrives_over_a_bad_network(
    seed: int, chunks: int, size: int, loss: float, double: float, spread: float
) -> None:
    where = layout(chunks)
    server = Server(where)
    machine = Window(where, WindowSettings(size=size), random.Random(seed).random)
    sizes: list[int] = []
    original = machine._transmit

    def transmit(sequence: int, now: float) -> None:
        original(sequence, now)
        sizes.append(machine.in_flight)

    machine._transmit = transmit
    # An ack that is overtaken by a newer one may put chunks back in flight, but never makes the window send more.
    run_checked(machine, server, Network(seed, loss, double, spread), sizes)
    assert server.finished
    assert server.held == set(range(chunks))


def run_checked(machine: Window, server: Server, network: Network, sizes: list[int]) -> None:
    now, steps = 0.0, 0
    while machine.verdict is None:
        steps += 1
        assert steps < 60_000, "no end in sight"
        before = machine.in_flight
        for sequence in machine.due(now):
            network.send(now, "chunk", sequence)
        limit = max(before + 1, machine.settings.size)  # a probe may be of a chunk that was held already
        assert all(size <= limit for size in sizes)
        sizes.clear()
        if network.queue and network.queue[0][0] <= machine.wake_at:
            now, _, kind, message = heapq.heappop(network.queue)
            answer = server.receive(message) if kind == "chunk" else None
            if answer:
                network.send(now, "ack", answer)
            if kind == "ack":
                machine.heard(message, now)
        else:
            assert machine.wake_at > now, "must not spin"
            now = machine.wake_at
