"""The simpler device that docs/protocol.md describes: it must get everything across, too."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.model_server import ModelServer

from contract.ack import Ack
from device.window import Layout


class SimpleDevice:
    """Keeps the newest ack, and what it sent since."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.ack = Ack(dump_id=layout.dump_id, state="open")
        self.since_ack: set[int] = set()
        self.silences = 0

    def window(self) -> list[int]:
        first = self.ack.first_missing
        window = range(first, min(first + 16, self.layout.count))
        due = [s for s in window if not self.ack.holds(s) and s not in self.since_ack]
        self.since_ack.update(due)
        return due

    def heard(self, ack: Ack) -> list[int]:
        before, self.ack, self.silences = self.ack, ack, 0
        # What was sent since the ack before may still be on its way; what was sent before that is not.
        due = self.window()
        self.since_ack = set(due) if before != ack else self.since_ack
        return due

    def silence(self) -> list[int]:
        self.silences += 1
        missing = next((s for s in range(self.layout.count) if not self.ack.holds(s)), 0)
        return [missing, missing]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), chunks=st.integers(1, 100), loss=st.floats(0, 0.4))
def test_it_gets_everything_across(seed: int, chunks: int, loss: float) -> None:
    dice = random.Random(seed)
    device = SimpleDevice(Layout(b"dump", chunks * 64, 64))
    server = ModelServer(device.layout)
    due = device.window()
    for _ in range(20_000):
        acks = [ack for s in due if dice.random() >= loss and (ack := server.receive(s)) and dice.random() >= loss]
        due = []
        for ack in acks:
            if ack.state == "stored":
                return
            due += device.heard(ack)
        if not acks:
            due = device.silence()
    pytest.fail("no end in sight")
