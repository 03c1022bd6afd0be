"""What is old goes, what is young stays, and the counters stay true."""

import os
from pathlib import Path

import pytest
from sqlalchemy import func, select
from support.crashes import START_MS, crash_payload

from console.database import Database
from console.database.tables import (
    Crash,
    CrashAttribute,
    CrashDay,
    CrashDocument,
    CrashHour,
    Device,
    Fingerprint,
    FingerprintDevice,
    Group,
    Profile,
)
from console.intake.apply import apply
from console.intake.record import read_record
from console.retention import prune as module
from console.retention.policy import DAY_MS, Cutoffs
from console.retention.prune import Pruned, preview, prune
from runtime.store import FolderStore, dump_key, report_key

NOTHING = Pruned()


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def put_old(store: FolderStore, key: str, content: bytes) -> None:
    store.put(key, content)
    os.utime(store.path(key), (0, 0))


async def intake(database: Database, *payloads: bytes) -> None:
    async with database.writing() as session:
        await apply(session, "s", "1-0", [read_record(payload) for payload in payloads], START_MS)


def day(number: int) -> int:
    return START_MS + number * DAY_MS


def name(number: int) -> str:
    return f"{number:064x}"


@pytest.fixture
async def ten(database: Database, store: FolderStore) -> Database:
    """A crash a day on ten days, with dump and report; the last one has the dump of the first one too."""
    for number in range(10):
        payload = crash_payload(
            number,
            device=f"d{number % 2}",
            fingerprint="old" if number < 2 else "f",
            version=f"1.{number // 5}",
            time_ms=day(number),
            sha256=name(number % 9),
        )
        await intake(database, payload)
        put_old(store, dump_key(name(number % 9)), b"dump")
        event_id = read_record(payload).event_id
        put_old(store, report_key(event_id, 4), b"report")
        put_old(store, report_key(event_id, 2), b"worse")
    return database


def left(store: FolderStore, kind: str) -> int:
    return len(list((store.root / kind).iterdir()))


async def test_old_dumps_go_and_those_of_younger_crashes_stay(ten: Database, store: FolderStore) -> None:
    before = Cutoffs(day(5), 0, 0)
    assert await preview(ten, store, before) == Pruned(dumps=4, dump_bytes=16)
    assert left(store, "dump") == 9
    assert await prune(ten, store, before) == Pruned(dumps=4, dump_bytes=16)
    assert left(store, "dump") == 5
    assert store.exists(dump_key(name(0)))  # the tenth crash has it too
    assert await prune(ten, store, before) == NOTHING
    assert await prune(ten, store, Cutoffs(day(20), 0, 0)) == Pruned(dumps=5, dump_bytes=20)


async def test_a_dump_that_was_just_written_again_stays(ten: Database, store: FolderStore) -> None:
    store.put(dump_key(name(1)), b"dump")
    assert (await prune(ten, store, Cutoffs(day(3), 0, 0))).dumps == 1
    assert store.exists(dump_key(name(1)))
    os.utime(store.path(dump_key(name(1))), (0, 0))
    assert (await prune(ten, store, Cutoffs(day(3), 0, 0))).dumps == 1
    assert not store.exists(dump_key(name(1)))


async def test_old_reports_go_in_all_revisions(ten: Database, store: FolderStore) -> None:
    before = Cutoffs(0, day(5), 0)
    expected = Pruned(reports=10, report_bytes=5 * 11)
    assert await preview(ten, store, before) == expected
    assert await prune(ten, store, before) == expected
    assert left(store, "report") == 10
    assert await prune(ten, store, before) == NOTHING


async def test_old_events_go_with_their_counters(ten: Database, store: FolderStore) -> None:
    before = Cutoffs(0, 0, day(5))
    assert await preview(ten, store, before) == Pruned(events=5)
    assert await prune(ten, store, before) == Pruned(events=5)
    async with ten.reading() as session:
        for table in (Crash, CrashDocument, CrashAttribute):
            assert await session.scalar(select(func.count()).select_from(table)) == 5
        assert (
            await session.execute(select(Profile.version, Profile.crashes, Profile.first_ms, Profile.last_ms))
        ).all() == [("1.1", 5, day(5), day(9))]
        assert await session.scalar(select(func.sum(CrashHour.crashes))) == 5
        assert await session.scalar(select(func.sum(CrashDay.crashes))) == 5
        devices = await session.execute(
            select(Device.name, Device.crashes, Device.first_ms, Device.last_ms).order_by(Device.name)
        )
        assert devices.all() == [("d0", 2, day(6), day(8)), ("d1", 3, day(5), day(9))]
        groups = await session.execute(select(Group.crashes, Group.devices, Group.first_ms).order_by(Group.id))
        assert groups.all() == [(0, 0, day(0)), (5, 2, day(5))]
        fingerprints = await session.execute(select(Fingerprint.fingerprint, Fingerprint.crashes))
        assert dict(fingerprints.all()) == {"old": 0, "f": 5}
        assert await session.scalar(select(func.sum(FingerprintDevice.crashes))) == 5
    assert await prune(ten, store, before) == NOTHING


async def test_a_device_without_crashes_goes(database: Database, store: FolderStore) -> None:
    await intake(database, crash_payload(0, device="gone"))
    await intake(database, *(crash_payload(n, device="loop", time_ms=START_MS + n) for n in (1, 2, 3)))
    await intake(database, crash_payload(4, device="loop", time_ms=day(5)))
    await prune(database, store, Cutoffs(0, 0, day(1)))
    async with database.reading() as session:
        assert (await session.execute(select(Device.name, Device.crashes, Device.loop_ms))).all() == [("loop", 1, None)]


async def test_a_cause_that_comes_again_is_the_same_group(ten: Database, store: FolderStore) -> None:
    await prune(ten, store, Cutoffs(0, 0, day(20)))
    await intake(ten, crash_payload(50, fingerprint="old", time_ms=day(30)))
    async with ten.reading() as session:
        rows = await session.execute(select(Group.id, Group.crashes, Group.devices, Group.first_ms).order_by(Group.id))
        assert rows.all()[0] == (1, 1, 1, day(30))
