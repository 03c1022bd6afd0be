"""An empty program and an empty machine."""

import pytest

from tests.analyzer.values.doubles import BASES, FakeMachine, FakeSymbols


@pytest.fixture
def symbols() -> FakeSymbols:
    return FakeSymbols(types=dict(BASES))


@pytest.fixture
def machine() -> FakeMachine:
    return FakeMachine()
