"""A database with alerts."""

import pytest
from support.alerts import Room

from console.database import Database


@pytest.fixture
def room(database: Database) -> Room:
    return Room(database)
