"""The window machine, alone and against a model of the server over a lossy, duplicating, reordering network."""

import heapq
import random
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.model_server import ModelServer, ack_of

from contract.ack import Ack
from device.window import Layout, Window, WindowSettings

ID = b"0123456789abcdef"


def layout(chunks: int) -> Layout:
    return Layout(ID, chunks * 64 - 3, 64)


def window(chunks: int, jitter: float = 0.0, **options: float) -> Window:
    options = {"initial_timeout": 2.0, "min_timeout": 0.5} | options
    return Window(layout(chunks), WindowSettings(**options), lambda: jitter)


def ack(machine: Window, held: set[int], state: str = "open", **more: object) -> Ack:
    return ack_of(machine.layout, held, state, **more)


def test_begins_with_a_window_from_chunk_0() -> None:
    machine = window(100)
    assert machine.due(0.0) == list(range(16))
    assert machine.due(0.0) == []
    assert machine.in_flight == 16


def test_slides_on_the_ack() -> None:
    machine = window(100)
    machine.due(0.0)
    assert machine.heard(ack(machine, set(range(8))), 0.1)
    assert machine.due(0.1) == list(range(16, 24))
    assert machine.held == 8


def test_sends_no_more_than_there_is() -> None:
    machine = window(3)
    assert machine.due(0.0) == [0, 1, 2]


def test_resends_only_what_a_gap_shows_to_be_lost() -> None:
    machine = window(100)
    machine.due(0.0)
    machine.heard(ack(machine, set(range(16)) - {2, 5}), 0.1)
    again = machine.due(0.1)
    assert again[:2] == [2, 5]
    assert again[2:] == list(range(16, 30))
    assert machine.retransmissions == 2


def test_a_little_reordering_is_no_loss() -> None:
    machine = window(100)
    machine.due(0.0)
    machine.heard(ack(machine, {0, 1, 3, 4}), 0.1)  # 2 was overtaken by two chunks
    assert 2 not in machine.due(0.1)


def test_silence_is_answered_with_a_probe_that_forces_an_ack() -> None:
    machine = window(100)
    machine.due(0.0)
    assert machine.due(1.99) == []
    assert machine.due(machine.wake_at) == [0, 0]


def test_the_answer_to_a_probe_shows_all_that_was_lost() -> None:
    machine = window(100)
    machine.due(0.0)
    now = machine.wake_at
    machine.due(now)
    machine.heard(ack(machine, {0, 7}), now + 0.1)
    assert machine.due(now + 0.1)[:14] == [*range(1, 7), *range(8, 16)]


def test_silence_backs_off_to_the_upper_bound_with_full_jitter() -> None:
    for jitter, bounds in ((0.0, (2.0, 2.0)), (0.999, (3.9, 60.0))):
        machine = window(100, jitter)
        machine.due(0.0)
        pauses: list[float] = []
        now = 0.0
        for _ in range(40):
            pauses.append(machine.wake_at - now)
            now = machine.wake_at
            assert machine.due(now) == [0, 0]
        assert bounds[0] <= pauses[0]
        assert pauses == pytest.approx(sorted(pauses))
        assert pauses[-1] == pytest.approx(bounds[1], rel=0.01)


def test_the_timeout_follows_the_round_trip() -> None:
    machine = window(1000, min_timeout=0.05)
    now, sent = 0.0, set[int]()
    for _ in range(40):
        sent |= set(machine.due(now))
        now += 0.1
        machine.heard(ack(machine, sent), now)
    machine.due(now)
    assert 0.1 <= machine.wake_at - now < 0.2


def test_a_repeated_chunk_gives_no_round_trip() -> None:
    machine = window(1)
    machine.due(0.0)
    probed = machine.wake_at
    machine.due(probed)
    machine.heard(ack(machine, set()), probed + 0.001)
    machine.heard(ack(machine, {0}), probed + 0.001)
    assert machine.wake_at >= probed + 2


def test_everything_held_but_not_stored_asks_with_chunk_0() -> None:
    machine = window(4)
    machine.due(0.0)
    machine.heard(ack(machine, {0, 1, 2, 3}), 0.1)
    assert machine.due(0.1) == []
    assert machine.verdict is None
    assert machine.due(machine.wake_at) == [0]


def test_stored_ends() -> None:
    machine = window(100)
    machine.due(0.0)
    final = ack(machine, set(), "stored")
    assert machine.heard(final, 0.1)
    assert machine.verdict == final
    assert machine.held == 100
    assert machine.due(100.0) == []
    assert not machine.heard(ack(machine, set()), 0.2)


@pytest.mark.parametrize("sizes", [{}, {"total_size": 0, "chunk_size": 0}])
def test_rejected_ends_with_or_without_a_layout(sizes: dict[str, int]) -> None:
    machine = window(100)
    machine.due(0.0)
    where = {"total_size": machine.layout.total_size, "chunk_size": machine.layout.chunk_size} | sizes
    machine.heard(Ack(dump_id=ID, state="rejected", reason="limit.dump-size: 20 MiB", **where), 0.1)
    assert machine.verdict is not None
    assert machine.verdict.reason.startswith("limit.dump-size")


def test_one_damaged_message_is_no_verdict() -> None:
    machine = window(100)
    machine.due(0.0)
    machine.heard(Ack(dump_id=ID, state="rejected", reason="message.checksum: chunk 3"), 0.1)
    assert machine.verdict is None


def test_wait_is_obeyed_and_ends_with_a_probe() -> None:
    for jitter in (0.0, 0.999):
        machine = window(100, jitter)
        machine.due(0.0)
        machine.heard(ack(machine, set(range(8))), 1.0)
        machine.heard(ack(machine, set(), "wait", seconds=30), 1.0)
        assert machine.due(30.9) == []
        assert 31.0 <= machine.wake_at <= 38.5
        assert machine.due(machine.wake_at) == [8, 8, *range(16, 24)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"dump_id": b"another dump"},
        {"total_size": 1},
        {"chunk_size": 1},
        {"total_size": 0, "chunk_size": 0},
        {"first_missing": 101},
    ],
)
def test_acks_of_other_uploads_change_nothing(wrong: dict[str, object]) -> None:
    machine = window(100)
    machine.due(0.0)
    good: dict[str, object] = {"dump_id": ID, "total_size": 6397, "chunk_size": 64, "first_missing": 8}
    assert not machine.heard(Ack(state="open", **good | wrong), 0.1)
    assert machine.due(0.1) == []
    assert machine.heard(Ack(state="open", **good), 0.1)


def test_an_overtaken_ack_causes_no_retransmission() -> None:
    machine = window(24)
    machine.due(0.0)
    machine.heard(ack(machine, set(range(16))), 0.1)
    assert machine.due(0.1) == list(range(16, 24))
    machine.heard(ack(machine, set(range(8))), 0.1)
    assert machine.due(0.1) == []  # though the window has room
    machine.heard(ack(machine, set(range(24))), 0.2)
    assert machine.due(0.2) == []
    assert machine.retransmissions == 0


def test_a_server_that_forgot_everything_gets_everything_again() -> None:
    machine = window(20)
    machine.due(0.0)
    machine.heard(ack(machine, set(range(16))), 0.1)
    machine.due(0.1)
    machine.heard(ack(machine, set()), 10.0)
    assert machine.due(10.0) == list(range(16))


def test_a_question_for_chunk_0_while_it_is_on_its_way_is_answered_by_it() -> None:
    machine = window(20)
    machine.due(0.0)
    machine.heard(ack(machine, set()), 0.1)
    assert machine.due(0.1) == []


def test_a_new_connection_begins_with_chunk_0() -> None:
    machine = window(100)
    machine.resume(0.0)  # the first connection
    machine.due(0.0)
    machine.heard(ack(machine, set(range(8))), 0.1)
    machine.due(0.1)
    machine.resume(5.0)
    assert machine.due(5.0) == [0]
    machine.heard(ack(machine, set(range(10))), 5.1)
    assert machine.due(5.1) == list(range(10, 26))


def test_a_restarted_device_goes_on_where_the_server_is() -> None:
    machine = window(1000)
    machine.due(0.0)
    machine.heard(ack(machine, set(range(700))), 0.1)
    assert machine.due(0.1) == list(range(700, 716))


def test_a_bitmap_never_describes_more_than_it_can() -> None:
    machine = window(5000, size=2048)
    assert machine.due(0.0) == list(range(2048))
    machine.heard(ack(machine, set(range(1, 2048))), 0.1)
    assert machine.due(0.1) == [0]


@pytest.mark.parametrize(
    "bad",
    [{"size": 0}, {"size": 2049}, {"reorder": 0}, {"min_timeout": 0}, {"min_timeout": 9}, {"initial_timeout": 90}],
)
def test_settings_that_cannot_work_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must be|is not within"):
        WindowSettings(**bad)


class Network:
    """Delivers messages after random delays; loses and doubles some."""

    def __init__(self, seed: int, loss: float, double: float, spread: float) -> None:
        self.random = random.Random(seed)
        self.loss, self.double, self.spread = loss, double, spread
        self.queue: list[tuple[float, int, int | Ack]] = []
        self.order = count()

    def send(self, now: float, message: int | Ack) -> None:
        for _ in range(2 if self.random.random() < self.double else 1):
            if self.random.random() >= self.loss:
                heapq.heappush(self.queue, (now + 0.02 + self.random.random() * self.spread, next(self.order), message))


def conversation(machine: Window, server: ModelServer, network: Network) -> Iterator[float]:
    """Runs device and server to the verdict; yields the time after every step."""
    now = 0.0
    while machine.verdict is None:
        before = machine.in_flight
        for sequence in machine.due(now):
            network.send(now, sequence)
        # An overtaken ack may put chunks back in flight, and a probe may be of a chunk that was held: nothing else
        # ever goes beyond the window.
        assert machine.in_flight <= max(before + 1, machine.settings.size)
        if network.queue and network.queue[0][0] <= machine.wake_at:
            now, _, message = heapq.heappop(network.queue)
            if isinstance(message, Ack):
                machine.heard(message, now)
            elif (answer := server.receive(message)) is not None:
                network.send(now, answer)
        else:
            assert machine.wake_at > now, "it must not spin"
            now = machine.wake_at
        yield now


def run(machine: Window, server: ModelServer, network: Network) -> float:
    now = 0.0
    for steps, now in enumerate(conversation(machine, server, network)):  # noqa: B007 (the last time is wanted)
        assert steps < 60_000, "no end in sight"
    return now


networks = st.builds(
    Network, st.integers(0, 2**32), loss=st.floats(0, 0.4), double=st.floats(0, 0.4), spread=st.floats(0, 1.5)
)


@settings(max_examples=100, deadline=None)
@given(network=networks, chunks=st.integers(1, 120), size=st.integers(1, 40))
def test_everything_arrives_over_a_bad_network(network: Network, chunks: int, size: int) -> None:
    machine = Window(layout(chunks), WindowSettings(size=size), network.random.random)
    server = ModelServer(machine.layout)
    run(machine, server, network)
    assert server.finished
    assert server.held == set(range(chunks))


@settings(max_examples=60, deadline=None)
@given(
    network=networks, chunks=st.integers(1, 120), events=st.lists(st.sampled_from("frcl"), max_size=4), data=st.data()
)
def test_everything_arrives_whatever_restarts(
    network: Network, chunks: int, events: list[str], data: st.DataObject
) -> None:
    """Server forgets, client restarts, connection is lost, in the middle of it all."""
    machine = Window(layout(chunks), WindowSettings(), network.random.random)
    server = ModelServer(machine.layout)
    now = 0.0
    for event in events:
        steps = data.draw(st.integers(0, 100))
        for _, passed in zip(range(steps), conversation(machine, server, network), strict=False):
            now = passed
        if event == "f" and not server.finished:
            server.forget()
        elif event == "r" and machine.verdict is None:
            network.queue.clear()
            machine.resume(now)
        elif event == "c":
            machine = Window(layout(chunks), WindowSettings(), network.random.random)
    run(machine, server, network)
    assert server.finished


def test_a_good_network_costs_no_retransmission() -> None:
    machine = window(500)
    server = ModelServer(machine.layout)
    assert run(machine, server, Network(1, 0, 0, 0)) < 3
    assert machine.retransmissions == 0
    assert machine.transmissions == 500


def test_little_loss_costs_little() -> None:
    machine = window(500)
    server = ModelServer(machine.layout)
    run(machine, server, Network(1, 0.05, 0, 0))
    assert machine.retransmissions < 50


def test_a_lost_window_costs_one_probe() -> None:
    machine = window(16)
    server = ModelServer(machine.layout)
    machine.due(0.0)  # and nothing of it arrives
    now = machine.wake_at
    for sequence in machine.due(now):
        answer = server.receive(sequence)
    assert answer is not None
    machine.heard(answer, now)
    assert machine.due(now) == list(range(1, 16))
