"""Events into tables: the same tables, whatever the order, the repetitions and the batches."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from support.crashes import START_MS, crash_payload

from console.database import Database
from console.database.tables import (
    Base,
    Crash,
    CrashAttribute,
    CrashDay,
    CrashDocument,
    CrashHour,
    Device,
    Fingerprint,
    FingerprintDevice,
    Group,
    Position,
    Profile,
)
from console.intake.apply import Applied, apply
from console.intake.loops import latest_loop
from console.intake.record import Record, read_record

MINUTE = 60_000
STREAM = "faultcast:events"


async def intake(database: Database, *payloads: bytes, entry: str = "1-0", now_ms: int = START_MS) -> Applied:
    async with database.writing() as session:
        return await apply(session, STREAM, entry, [read_record(payload) for payload in payloads], now_ms)


async def rows(database: Database, *columns: Any) -> list[tuple[Any, ...]]:
    async with database.reading() as session:
        return [tuple(row) for row in (await session.execute(select(*columns))).all()]


async def tables(database: Database, merged: set[str]) -> dict[str, object]:
    """What the tables say, by names instead of ids."""
    devices = dict(await rows(database, Device.id, Device.name))
    digests = dict(await rows(database, Profile.id, Profile.digest))
    crashes = dict(await rows(database, Crash.id, Crash.event_id))
    home = dict(await rows(database, Fingerprint.group_id, Fingerprint.fingerprint))
    groups = {
        "merged" if home[id_] in merged else home[id_]: tuple(more)
        for id_, *more in await rows(
            database, Group.id, Group.title, Group.kind, Group.crashes, Group.devices, Group.first_ms, Group.last_ms
        )
        if more[2]
    }
    return {
        "crashes": {
            event_id: (time_ms, revision, digests[profile], devices[device], sha256)
            for event_id, time_ms, revision, profile, device, sha256 in await rows(
                database,
                Crash.event_id,
                Crash.time_ms,
                Crash.revision,
                Crash.profile_id,
                Crash.device_id,
                Crash.sha256,
            )
        },
        "documents": {
            crashes[id_]: event for id_, event in await rows(database, CrashDocument.crash_id, CrashDocument.event)
        },
        "attributes": sorted(
            (crashes[id_], key, value, time_ms)
            for id_, key, value, time_ms in await rows(
                database, CrashAttribute.crash_id, CrashAttribute.key, CrashAttribute.value, CrashAttribute.time_ms
            )
        ),
        "profiles": {
            digest: tuple(more)
            for digest, *more in await rows(
                database, Profile.digest, Profile.crashes, Profile.first_ms, Profile.last_ms, Profile.title
            )
        },
        "hours": {
            (hour, digests[id_]): crashes
            for hour, id_, crashes in await rows(database, CrashHour.hour, CrashHour.profile_id, CrashHour.crashes)
        },
        "days": {
            (day, digests[id_]): crashes
            for day, id_, crashes in await rows(database, CrashDay.day, CrashDay.profile_id, CrashDay.crashes)
        },
        "fingerprints": {
            name: number
            for name, number in await rows(database, Fingerprint.fingerprint, Fingerprint.crashes)
            if number
        },
        "pairs": {
            (name, devices[id_]): number
            for name, id_, number in await rows(
                database, FingerprintDevice.fingerprint, FingerprintDevice.device_id, FingerprintDevice.crashes
            )
        },
        "devices": {
            name: (crashes, first, last, digests[profile], loop)
            for name, crashes, first, last, profile, loop in await rows(
                database,
                Device.name,
                Device.crashes,
                Device.first_ms,
                Device.last_ms,
                Device.profile_id,
                Device.loop_ms,
            )
        },
        "groups": groups,
    }


def truth(records: Sequence[Record], merged: set[str]) -> dict[str, object]:
    """The same, counted afresh: of each crash its best analysis."""
    best: dict[str, Record] = {}
    for record in records:
        if record.event_id not in best or record.revision > best[record.event_id].revision:
            best[record.event_id] = record
    kept = list(best.values())
    by_profile, by_device = defaultdict[str, list[Record]](list), defaultdict[str, list[Record]](list)
    by_group = defaultdict[str, list[Record]](list)
    for record in kept:
        by_profile[record.digest].append(record)
        by_device[record.device].append(record)
        name = record.profile.fingerprint
        by_group["merged" if name in merged else name].append(record)

    def times(each: list[Record]) -> list[int]:
        return sorted(record.time_ms for record in each)

    def newest(each: list[Record]) -> Record:
        return max(each, key=lambda record: (record.time_ms, record.event_id))

    def speaker(each: list[Record]) -> Record:
        last = {digest: times(found)[-1] for digest, found in by_profile.items()}
        return max(each, key=lambda r: (r.profile.symbolized, r.profile.complete, last[r.digest], r.digest))

    return {
        "crashes": {r.event_id: (r.time_ms, r.revision, r.digest, r.device, r.sha256) for r in kept},
        "documents": {r.event_id: r.document for r in kept},
        "attributes": sorted((r.event_id, key, value, r.time_ms) for r in kept for key, value in r.attributes.items()),
        "profiles": {
            digest: (len(each), times(each)[0], times(each)[-1], each[0].profile.title)
            for digest, each in by_profile.items()
        },
        "hours": dict(Counter((r.time_ms // 3_600_000, r.digest) for r in kept)),
        "days": dict(Counter((r.time_ms // 86_400_000, r.digest) for r in kept)),
        "fingerprints": dict(Counter(r.profile.fingerprint for r in kept)),
        "pairs": dict(Counter((r.profile.fingerprint, r.device) for r in kept)),
        "devices": {
            name: (len(each), times(each)[0], times(each)[-1], newest(each).digest, latest_loop(times(each)))
            for name, each in by_device.items()
        },
        "groups": {
            name: (
                speaker(each).profile.title,
                speaker(each).profile.kind,
                len(each),
                len({r.device for r in each}),
                times(each)[0],
                times(each)[-1],
            )
            for name, each in by_group.items()
        },
    }


@st.composite
def streams(draw: st.DrawFn) -> list[list[bytes]]:
    """Batches of events: crashes in several revisions, in any order, some of them again."""
    events: list[bytes] = []
    for number in range(draw(st.integers(1, 8))):
        device = draw(st.sampled_from(["d1", "d2", "d3"]))
        for revision in draw(st.sets(st.integers(1, 4), min_size=1)):
            fingerprint = draw(st.sampled_from("abc"))
            events.append(
                crash_payload(
                    number,
                    device=device,
                    revision=revision,
                    fingerprint=fingerprint,
                    title=f"Crash of {fingerprint}",
                    version=draw(st.sampled_from(["1.0", "1.1"])),
                    time_ms=START_MS + draw(st.integers(0, 24)) * 5 * MINUTE,
                    attributes=draw(st.sampled_from([{}, {"region": "eu"}, {"region": "us", "n": 1}])),
                )
            )
    again = draw(st.lists(st.sampled_from(events), max_size=5))
    order = draw(st.permutations(events + again))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=4)))
    return [order[start:end] for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True)]


async def empty(database: Database) -> None:
    async with database.writing() as session:
        for table in reversed(Base.metadata.sorted_tables):
            await session.execute(table.delete())


@given(streams(), st.sampled_from([set[str](), {"a", "b"}]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_order_repetition_and_batching_gives_the_same_tables(
    database: Database, batches: list[list[bytes]], merged: set[str]
) -> None:
    await empty(database)
    if merged:  # somebody merged two causes before
        async with database.writing() as session:
            group = Group(title="", kind="", created_ms=0, first_ms=0, last_ms=0)
            session.add(group)
            await session.flush()
            session.add_all(Fingerprint(fingerprint=name, group_id=group.id, home_id=group.id) for name in merged)
    for number, batch in enumerate(batches):
        await intake(database, *batch, entry=f"{number}-0")
    expected = truth([read_record(payload) for batch in batches for payload in batch], merged)
    assert await tables(database, merged) == expected
    for batch in batches:  # the stream once more from its start
        again = await intake(database, *batch)
        assert (again.crashes, again.groups, again.loops) == ([], [], [])
    assert await tables(database, merged) == expected


async def test_of_two_analyses_that_are_as_good_the_later_one_stays(database: Database) -> None:
    first = await intake(database, crash_payload(title="First"))
    second = await intake(database, crash_payload(title="Second"))
    assert (first.crashes, first.improved) == ([1], [])
    assert (second.crashes, second.improved) == ([], [1])
    assert await rows(database, Profile.title, Profile.crashes) == [("Second", 1)]


async def test_changes_count_up_and_a_repetition_is_none(database: Database) -> None:
    assert (await intake(database, crash_payload(0), crash_payload(1))).change == 2
    assert (await intake(database, crash_payload(0), crash_payload(1))).change == 2
    assert (await intake(database, crash_payload(0, title="Better"))).change == 3
    assert sorted(await rows(database, Crash.event_id, Crash.change)) == [
        ("00000000-0000-0000-0000-000000000001", 3),
        ("00000000-0000-0000-0000-000000000002", 2),
    ]


async def test_the_position_goes_with_the_batch(database: Database) -> None:
    await intake(database, crash_payload(), entry="5-1")
    assert await rows(database, Position.stream, Position.entry, Position.change) == [(STREAM, "5-1", 1)]
    with suppress(ZeroDivisionError):
        async with database.writing() as session:
            await apply(session, STREAM, "6-0", [read_record(crash_payload(9))], START_MS)
            raise ZeroDivisionError
    assert await rows(database, Position.entry, Position.change) == [("5-1", 1)]
    assert len(await rows(database, Crash.id)) == 1


async def test_a_new_cause_makes_a_group_once(database: Database) -> None:
    first = await intake(database, crash_payload(0), crash_payload(1, fingerprint="2-b"), crash_payload(2))
    assert first.groups == [1, 2]
    second = await intake(database, crash_payload(3))
    assert second.groups == []


async def test_the_third_crash_within_ten_minutes_is_a_loop(database: Database) -> None:
    times = [START_MS, START_MS + MINUTE, START_MS + 9 * MINUTE, START_MS + 12 * MINUTE]
    told = [
        [loop.at_ms for loop in (await intake(database, crash_payload(number, time_ms=time_ms))).loops]
        for number, time_ms in enumerate(times)
    ]
    assert told == [[], [], [times[2]], []]
    assert await rows(database, Device.loop_ms) == [(times[2],)]


async def resolve(database: Database, version: str, at_ms: int, state: str = "resolved") -> None:
    async with database.writing() as session:
        group = (await session.scalars(select(Group))).one()
        group.state, group.resolved_version, group.resolved_ms = state, version, at_ms


@pytest.mark.parametrize(
    ("fixed_in", "version", "build_id", "reopens"),
    [
        ("1.5", "1.5", "b2", True),
        ("1.5", "1.10", "b1", True),
        ("1.5", "1.4.9", "b2", False),
        ("", "1.4", "b2", True),
        ("", "1.4", "b1", False),
        ("", "9.9", "", False),
    ],
)
async def test_a_crash_of_a_newer_build_reopens_a_resolved_group(
    database: Database, fixed_in: str, version: str, build_id: str, *, reopens: bool
) -> None:
    await intake(database, crash_payload(0, version="1.4", build_id="b1"))
    await resolve(database, fixed_in, START_MS + MINUTE)
    later = START_MS + 2 * MINUTE
    applied = await intake(database, crash_payload(1, version=version, build_id=build_id, time_ms=later))
    assert [(each.group_id, each.crash_id, each.at_ms) for each in applied.regressions] == (
        [(1, 2, later)] if reopens else []
    )
    expected = ("unresolved", later) if reopens else ("resolved", None)
    assert await rows(database, Group.state, Group.regressed_ms) == [expected]


async def test_a_muted_group_stays_muted(database: Database) -> None:
    await intake(database, crash_payload(0))
    await resolve(database, "1.0", START_MS, state="muted")
    applied = await intake(database, crash_payload(1, version="2.0", time_ms=START_MS + MINUTE))
    assert applied.regressions == []
    assert await rows(database, Group.state, Group.crashes) == [("muted", 2)]


async def test_an_old_crash_that_comes_late_reopens_nothing(database: Database) -> None:
    await intake(database, crash_payload(0))
    await resolve(database, "", START_MS + MINUTE)
    applied = await intake(database, crash_payload(1, build_id="b9", time_ms=START_MS + MINUTE))
    assert applied.regressions == []


async def test_a_cause_is_told_once_when_its_symbols_come_later(database: Database) -> None:
    first = await intake(
        database,
        crash_payload(0, revision=3, fingerprint="2-u"),
        crash_payload(1, revision=3, fingerprint="2-u"),
    )
    assert first.groups == [1]
    moved = await intake(database, crash_payload(0, fingerprint="2-a"))
    assert (moved.improved, moved.groups) == ([1], [])
    assert (await intake(database, crash_payload(1, fingerprint="2-a"))).groups == []
    assert (await intake(database, crash_payload(2, revision=3, fingerprint="2-u"))).groups == []
    # A new crash among those that moved makes it a new cause.
    told = await intake(database, crash_payload(2, fingerprint="2-b"), crash_payload(3, fingerprint="2-b"))
    assert told.groups == [3]


async def test_what_was_decided_goes_along_when_symbols_come(database: Database) -> None:
    await intake(database, crash_payload(0, revision=3, fingerprint="2-u"))
    async with database.writing() as session:
        group = await session.get_one(Group, 1)
        group.state, group.decided_by, group.decided_ms = "muted", "ada", 7
    await intake(database, crash_payload(0, fingerprint="2-a"))
    kept = await rows(database, Group.id, Group.state, Group.decided_by, Group.decided_ms, Group.crashes)
    assert sorted(kept) == [(1, "muted", "ada", 7, 0), (2, "muted", "ada", 7, 1)]
