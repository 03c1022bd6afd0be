"""Pages of crashes against a plain walk over all of them in Python."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from support.fleet import Fleet, fill

from console.database import Database
from console.database.tables import Crash, CrashAttribute, Device, Fingerprint, Profile
from console.events import plan, query
from console.events.chart import counts_of, step_for
from console.events.filter import EventFilter
from console.events.query import BadCursor, Cursor, changed_since, crash_row, newest_change, page_of

NOW = 1_772_352_930_250
FLEET = Fleet(crashes=700, profiles=60, devices=90, days=20)

ASKED = [
    "",
    "q=SENSOR+read",
    "q=sensor&q=tcp_send",
    "q=100%25",
    "kind=assert",
    "version=1.3.1&board=mps2%2Fan385",
    "device=gateway-00010",
    "device=sensor-0000*",
    "device=SENSOR-0000*",
    "device=gateway-00010&device=gateway-00015&kind=assert",
    "attr.region=eu",
    "attr.region=eu&attr.region=apac&symbolized=true",
    "attr.region=us&attr.batch=1&attr.batch=2",
    "attr.absent=1",
    "since=24h",
    "since=7d&until=24h&trust=scan",
    "since=7d&device=gateway-00010",
    "since=7d&attr.region=eu",
    "group=3",
    "group=3&group=4&thread=main&thread=shell",
    "complete=false",
    "symbolized=false&complete=true&arch=cortex-m&firmware=gateway",
]


async def all_of(session: AsyncSession, asked: EventFilter) -> list[int]:
    """Ids of the crashes that fit, newest first."""
    groups = dict((await session.execute(select(Fingerprint.fingerprint, Fingerprint.group_id))).all())
    metadata: dict[int, dict[str, str]] = {}
    for each in await session.scalars(select(CrashAttribute)):
        metadata.setdefault(each.crash_id, {})[each.key] = each.value
    rows = await session.execute(
        select(Crash, Profile, Device)
        .join(Profile, Profile.id == Crash.profile_id)
        .join(Device, Device.id == Crash.device_id)
    )

    def fits(crash: Crash, profile: Profile, device: Device) -> Iterator[bool]:
        for asked_for, value in (
            (asked.kind, profile.kind),
            (asked.version, profile.version),
            (asked.board, profile.board),
            (asked.thread, profile.thread),
            (asked.trust, profile.trust),
            (asked.arch, profile.architecture),
            (asked.firmware, profile.firmware),
            (asked.group, groups[profile.fingerprint]),
        ):
            yield not asked_for or value in asked_for
        yield not asked.q or any(all(word in profile.text for word in each.casefold().split()) for each in asked.q)
        names = asked.device
        yield not names or any(device.name == n or (n[-1] == "*" and device.name.startswith(n[:-1])) for n in names)
        yield asked.symbolized in (None, profile.symbolized)
        yield asked.complete in (None, profile.complete)
        yield asked.since is None or crash.time_ms >= asked.since.at(NOW)
        yield asked.until is None or crash.time_ms < asked.until.at(NOW)
        for key, values in asked.attributes:
            yield metadata[crash.id].get(key) in values

    found = [(crash.time_ms, crash.id) for crash, profile, device in rows if all(fits(crash, profile, device))]
    return [number for _, number in sorted(found, reverse=True)]


@pytest.mark.parametrize("few", [10_000, 40], ids=["fetched", "walked"])
async def test_pages_hold_what_fits(database: Database, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(plan, "FEW", few)
    await fill(database, FLEET, NOW)
    async with database.reading() as session:
        for text in ASKED:
            asked = EventFilter.parse(text)
            expected = await all_of(session, asked)
            there: list[int] = []
            cursor: Cursor | None = None
            pages = 0
            while pages == 0 or cursor is not None:
                page = await page_of(session, asked, NOW, cursor, limit=30)
                there += [each.id for each in page.crashes]
                cursor, newer, pages = page.older, page.newer, pages + 1
                assert (newer is not None) == (pages > 1)
            assert there == expected, text
            back: list[int] = [each.id for each in page.crashes]
            while newer is not None:
                page = await page_of(session, asked, NOW, Cursor.parse(str(newer)), limit=30)
                back = [each.id for each in page.crashes] + back
                newer = page.newer
            assert back == expected, text
            counts = await counts_of(session, asked, NOW)
            if not asked.asks_time:
                assert counts.total == sum(counts.bars) == len(expected), text


async def test_counting_ends(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.events.chart.COUNTED", 20)
    await fill(database, FLEET, NOW)
    async with database.reading() as session:
        counts = await counts_of(session, EventFilter.parse("attr.region=us"), NOW)
        assert not counts.is_whole
        assert counts.total == 21


async def test_changes_are_followed(database: Database) -> None:
    await fill(database, FLEET, NOW)
    async with database.reading() as session:
        assert await newest_change(session) == 700
        rows = await changed_since(session, EventFilter.parse("attr.region=us"), 600, NOW)
        assert rows
        assert [each.change for each in rows] == sorted(each.change for each in rows)
        assert {each.id for each in rows} < set(range(601, 701))
        assert await changed_since(session, EventFilter(), 700, NOW) == ()


async def test_one_crash(database: Database) -> None:
    await fill(database, FLEET, NOW)
    async with database.reading() as session:
        first = (await page_of(session, EventFilter(), NOW)).crashes[0]
        assert await crash_row(session, first.event_id) == first
        assert await crash_row(session, "nothing") is None


@pytest.mark.parametrize("text", ["", "o1", "x1-2", "o1-2 ", "o-1-2", "o1-9999999999999999", "o１-2"])  # noqa: RUF001 - a digit that is none of ours
def test_cursors_of_others(text: str) -> None:
    with pytest.raises(BadCursor):
        Cursor.parse(text)


def test_fields_and_columns_agree() -> None:
    assert len(query._COLUMNS) == len(query.CrashRow.__slots__)


def test_steps() -> None:
    assert step_for(3_600_000, 0) == 60_000
    assert step_for(90 * 86_400_000, 3_600_000) == 72 * 3_600_000
    assert step_for(10**15, 0) == 8760 * 3_600_000
