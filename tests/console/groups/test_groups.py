"""Groups on a database: decided about, merged, split, listed."""

import pytest
from sqlalchemy import select
from support.crashes import START_MS, crash_payload

from console.database import Database
from console.database.tables import Group
from console.groups.changes import BadChange, NoSuchGroup, history, merge, set_state, split, undo
from console.groups.listing import (
    BadCursor,
    GroupQuery,
    GroupRow,
    Order,
    find_group,
    list_groups,
    members_of,
    newest_crash,
)
from console.intake.apply import apply
from console.intake.record import read_record
from contract.event import Frame

DAY = 86_400_000


async def intake(database: Database, *payloads: bytes) -> None:
    async with database.writing() as session:
        await apply(session, "s", "1-0", [read_record(payload) for payload in payloads], START_MS)


async def group(database: Database, group_id: int) -> GroupRow:
    async with database.reading() as session:
        return await find_group(session, group_id, START_MS)


async def counts(database: Database) -> dict[int, tuple[int, int]]:
    async with database.reading() as session:
        return {
            id_: (crashes, devices)
            for id_, crashes, devices in await session.execute(select(Group.id, Group.crashes, Group.devices))
        }


@pytest.fixture
async def three(database: Database) -> Database:
    """Three causes: a on devices 1 and 2, b on 2 and 3, c on 3."""
    await intake(
        database,
        *(
            crash_payload(
                number,
                device=f"d{device}",
                fingerprint=name,
                title=f"Crash {name}",
                time_ms=START_MS + number,
                version=f"1.{number}",
            )
            for number, (name, device) in enumerate([("a", 1), ("a", 2), ("b", 2), ("b", 3), ("c", 3)])
        ),
    )
    assert await counts(database) == {1: (2, 2), 2: (2, 2), 3: (1, 1)}
    return database


async def test_merged_groups_count_a_device_once_and_what_comes_later_too(three: Database) -> None:
    async with three.writing() as session:
        change = await merge(session, 1, [2], "ada", START_MS)
    assert await counts(three) == {1: (4, 3), 2: (0, 0), 3: (1, 1)}
    merged = await group(three, 1)
    assert (merged.title, merged.first_ms, merged.last_ms) == ("Crash b", START_MS, START_MS + 3)
    await intake(three, crash_payload(9, device="d1", fingerprint="b", time_ms=START_MS + 9))
    assert await counts(three) == {1: (5, 3), 2: (0, 0), 3: (1, 1)}
    async with three.writing() as session:
        assert await undo(session, change, START_MS) == [1, 2]
    assert await counts(three) == {1: (2, 2), 2: (3, 3), 3: (1, 1)}
    async with three.reading() as session:
        assert [(each.action, each.account, each.undone_ms) for each in await history(session, 1)] == [
            ("merge", "ada", START_MS)
        ]


async def test_a_split_gives_fingerprints_back_and_makes_a_group_where_there_is_none(three: Database) -> None:
    async with three.writing() as session:
        await merge(session, 1, [2, 3], "ada", START_MS)
        change = await split(session, 1, ["a", "c"], "ada", START_MS)
    assert await counts(three) == {1: (2, 2), 2: (0, 0), 3: (1, 1), 4: (2, 2)}
    assert (await group(three, 4)).title == "Crash a"
    async with three.writing() as session:
        await undo(session, change, START_MS)
    assert await counts(three) == {1: (5, 3), 2: (0, 0), 3: (0, 0), 4: (0, 0)}
    async with three.reading() as session:
        assert [(m.fingerprint, m.crashes, m.title, m.is_at_home) for m in await members_of(session, 1)] == [
            ("a", 2, "Crash a", True),
            ("b", 2, "Crash b", False),
            ("c", 1, "Crash c", False),
        ]


async def test_changes_are_undone_latest_first(three: Database) -> None:
    async with three.writing() as session:
        first = await merge(session, 1, [2], "ada", START_MS)
        second = await merge(session, 3, [1], "ada", START_MS)
    async with three.writing() as session:
        with pytest.raises(BadChange, match=f"change {second}"):
            await undo(session, first, START_MS)
        await undo(session, second, START_MS)
        await undo(session, first, START_MS)
        with pytest.raises(BadChange, match="already"):
            await undo(session, first, START_MS)
    assert await counts(three) == {1: (2, 2), 2: (2, 2), 3: (1, 1)}


async def test_changes_that_make_no_sense_change_nothing(three: Database) -> None:
    async with three.writing() as session:
        for others in ([], [1], range(2, 500)):
            with pytest.raises(BadChange):
                await merge(session, 1, list(others), "ada", START_MS)
        for names in ([], ["a"], ["b"], ["a", "b"]):
            with pytest.raises(BadChange):
                await split(session, 1, names, "ada", START_MS)
        for missing in (merge(session, 1, [99], "ada", 1), split(session, 99, ["a"], "ada", 1), undo(session, 99, 1)):
            with pytest.raises(NoSuchGroup):
                await missing
        with pytest.raises(NoSuchGroup):
            await set_state(session, 99, "muted", "ada", 1)
    assert await counts(three) == {1: (2, 2), 2: (2, 2), 3: (1, 1)}


async def test_a_resolved_group_says_so_until_a_newer_build_crashes(three: Database) -> None:
    async with three.writing() as session:
        await set_state(session, 1, "resolved", "ada", START_MS + 100, version="2.0")
    assert (await group(three, 1)).state == "resolved"
    await intake(three, crash_payload(7, fingerprint="a", version="2.1", time_ms=START_MS + 200))
    reopened = await group(three, 1)
    assert (reopened.state, reopened.resolved_version, reopened.regressed_ms) == ("unresolved", "2.0", START_MS + 200)
    assert (reopened.regressed_version, reopened.decided_by, reopened.decided_ms) == ("2.1", "ada", START_MS + 100)


async def ids(database: Database, query: GroupQuery) -> list[int]:
    async with database.reading() as session:
        return [row.id for row in (await list_groups(session, query, START_MS)).groups]


async def test_groups_are_listed_by_time_and_count_and_filtered(three: Database) -> None:
    assert await ids(three, GroupQuery()) == [3, 2, 1]
    assert await ids(three, GroupQuery(order=Order.FIRST)) == [3, 2, 1]
    assert await ids(three, GroupQuery(order=Order.COUNT)) == [2, 1, 3]
    async with three.writing() as session:
        await set_state(session, 2, "muted", "ada", START_MS)
    assert await ids(three, GroupQuery(states=frozenset({"muted"}))) == [2]
    assert await ids(three, GroupQuery(states=frozenset({"muted", "unresolved"}))) == [3, 2, 1]
    assert await ids(three, GroupQuery(text="%")) == []
    frames = [Frame(pc="0x1", function="Flash_Write", file="x/y.c", line=1, trust="cfi")]
    await intake(three, crash_payload(30, fingerprint="deep", title="Fault 7: so deep", frames=frames))
    assert await ids(three, GroupQuery(text="FAULT 7: SO")) == [4]
    assert await ids(three, GroupQuery(text="y.c flash_write")) == [4]
    assert await ids(three, GroupQuery(text="flash_read")) == []


@pytest.mark.parametrize("order", list(Order))
async def test_pages_follow_each_other_without_gap_or_repetition(database: Database, order: Order) -> None:
    await intake(
        database,
        *(crash_payload(n, fingerprint=f"f{n % 23}", time_ms=START_MS + n % 5) for n in range(60)),
    )
    seen: list[int] = []
    cursor = ""
    for _ in range(10):
        async with database.reading() as session:
            page = await list_groups(session, GroupQuery(order=order, limit=5, cursor=cursor), START_MS)
        seen += [row.id for row in page.groups]
        cursor = page.cursor
        if not cursor:
            break
    assert len(seen) == 23
    assert seen == await ids(database, GroupQuery(order=order))


@pytest.mark.parametrize("cursor", ["x", "1", "1.", ".1", "1.x", "-1.1", "9" * 30 + ".1", "¹.¹", "1.1.1"])
async def test_a_cursor_of_somebody_else_is_refused(database: Database, cursor: str) -> None:
    async with database.reading() as session:
        with pytest.raises(BadCursor):
            await list_groups(session, GroupQuery(cursor=cursor), START_MS)


async def test_a_row_says_how_the_group_goes(database: Database) -> None:
    await intake(
        database,
        crash_payload(0, version="1.9", time_ms=START_MS),
        crash_payload(1, version="1.10", time_ms=START_MS - DAY),
        crash_payload(2, version="1.10", device="d2", time_ms=START_MS - DAY),
        crash_payload(3, version="", time_ms=START_MS - 29 * DAY),
        crash_payload(4, version="1.1", time_ms=START_MS - 30 * DAY),
    )
    row = await group(database, 1)
    assert row.versions == ("1.10", "1.9", "1.1")
    assert row.days == (1, *[0] * 27, 2, 1)
    assert (row.crashes, row.devices) == (5, 2)
    async with database.reading() as session:
        assert await newest_crash(session, 1) == "00000000-0000-0000-0000-000000000001"
        assert await newest_crash(session, 2) is None
        with pytest.raises(NoSuchGroup):
            await find_group(session, 99, START_MS)
