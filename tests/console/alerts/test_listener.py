"""What crashes lead to, once and no more."""

from typing import Any

import pytest
from sqlalchemy import select, update
from support.alerts import ADDRESS, Room

from console.alerts.outbox import MOST_AN_HOUR
from console.database import Database
from console.database.tables import AlertRule, AlertTarget, Crash, Delivery, Group

HOUR = 3600


def crash(number: int, **more: Any) -> dict[str, Any]:
    return {"number": number, **more}


async def test_a_new_cause_is_told_once(room: Room) -> None:
    await room.rule("new-group")
    await room.take(crash(0), crash(1), crash(2, fingerprint="2-b"))
    await room.take(crash(3), crash(2, fingerprint="2-b"))
    told = await room.told()
    assert [each.type for each in told] == ["alert.new-group"] * 2
    assert {each.data.group.id for each in told if each.data.group} == {1, 2}
    assert told[0].data.title == "New crash: Null pointer dereference in read_sensor (sensor.c:41)"
    assert told[0].data.url == f"{ADDRESS}/groups/1"
    assert told[0].data.rule == "rule new-group"
    assert (await room.deliveries())[0].state == "waiting"


async def test_each_rule_has_its_own_filter(room: Room) -> None:
    await room.rule("new-group", query="kind=assert")
    everything = await room.rule("new-group")
    await room.rule("new-group", query="attr.region=us")
    await room.take(crash(0), crash(1, kind="assert", fingerprint="2-b", attributes={"region": "us"}))
    by_rule: dict[int | None, int] = {}
    for each in await room.deliveries():
        by_rule[each.rule_id] = by_rule.get(each.rule_id, 0) + 1
    assert by_rule == {room.rules[0]: 1, everything: 2, room.rules[2]: 1}


@pytest.mark.parametrize("table", [AlertRule, AlertTarget])
async def test_what_is_disabled_tells_nothing(room: Room, table: type[AlertRule] | type[AlertTarget]) -> None:
    await room.rule("new-group")
    async with room.database.writing() as session:
        await session.execute(update(table).values(enabled=False))
    await room.take(crash(0))
    assert await room.told() == []


async def test_crash_and_alert_are_one_transaction(room: Room) -> None:
    await room.rule("new-group")

    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await room.take(crash(0), fail=fail)
    async with room.database.reading() as session:
        assert (await session.scalars(select(Crash.id))).all() == []
        assert (await session.scalars(select(Delivery.id))).all() == []
    await room.take(crash(0))
    assert len(await room.told()) == 1


async def test_a_regression(room: Room) -> None:
    await room.rule("regression")
    await room.take(crash(0, ago=2 * HOUR))
    async with room.database.writing() as session:
        await session.execute(
            update(Group).values(state="resolved", resolved_version="1.5.0", resolved_ms=room.now - HOUR * 1000)
        )
    await room.take(crash(1, version="1.4.9"))
    assert await room.told() == []
    await room.take(crash(2, version="1.5.1", device="lab-9"))
    (told,) = await room.told()
    assert told.type == "alert.regression"
    assert told.data.title.startswith("Back again: Null pointer")
    assert told.data.device == "lab-9"


async def test_a_spike_is_told_once_while_it_goes_on(room: Room) -> None:
    await room.rule("spike", threshold=5, minutes=10)
    await room.take(*(crash(n, ago=60 - n) for n in range(4)))
    assert await room.told() == []
    await room.take(crash(10), crash(11, fingerprint="2-b"))
    (told,) = await room.told()
    assert told.type == "alert.spike"
    assert told.data.count == 5
    assert told.data.title.startswith("5 crashes in 10 min: Null")
    for number in range(20, 30):
        room.now += 60_000
        await room.take(crash(number))
    assert len(await room.told()) == 1
    room.now += 3_600_000
    await room.take(*(crash(n, ago=n - 40) for n in range(40, 46)))
    assert len(await room.told()) == 2


async def test_a_spike_of_what_fits_only(room: Room) -> None:
    await room.rule("spike", threshold=3, minutes=10, query="device=lab-*")
    await room.take(
        *(crash(n, device="sensor-1") for n in range(5)), crash(6, device="lab-1"), crash(7, device="lab-2")
    )
    assert await room.told() == []
    await room.take(crash(8, device="lab-3"))
    assert [each.data.count for each in await room.told()] == [3]


async def test_a_crash_loop(room: Room) -> None:
    await room.rule("crash-loop")
    await room.take(*(crash(n, ago=300 - 100 * n, device="lab-<7>") for n in range(3)))
    (told,) = await room.told()
    assert told.type == "alert.crash-loop"
    assert told.data.device == "lab-<7>"
    assert told.data.url == f"{ADDRESS}/devices/lab-%3C7%3E"
    for number in range(10, 20):
        room.now += 300_000
        await room.take(crash(number, device="lab-<7>"))
    assert len(await room.told()) == 1
    room.now += 6 * 3_600_000
    await room.take(*(crash(n, ago=80 - n, device="lab-<7>") for n in range(50, 53)))
    assert len(await room.told()) == 2


async def test_an_outage_is_summed_up(room: Room) -> None:
    await room.rule("new-group")
    for batch in range(5):
        await room.take(*(crash(n, ago=20 * HOUR, fingerprint=f"2-{n}") for n in range(batch * 100, batch * 100 + 100)))
        room.now += 1_000
    await room.take(crash(9_000, fingerprint="2-now"))
    summary, single = await room.told()
    assert summary.type == "alert.summary"
    assert summary.data.count == 500
    assert summary.data.title == "500 new groups"
    assert single.type == "alert.new-group"
    waiting = (await room.deliveries())[0]
    assert waiting.due_ms > waiting.created_ms + 60_000


async def test_a_summary_that_was_sent_is_followed_by_another(room: Room) -> None:
    await room.rule("new-group")
    await room.take(crash(0, ago=2 * HOUR))
    async with room.database.writing() as session:
        await session.execute(update(Delivery).values(attempts=1))
    await room.take(crash(1, ago=2 * HOUR, fingerprint="2-b"))
    assert [each.data.subjects for each in await room.told()] == [["group 1"], ["group 2"]]


async def test_too_much_to_tell_is_summed_up(room: Room) -> None:
    await room.rule("new-group")
    await room.take(*(crash(n, fingerprint=f"2-{n}") for n in range(MOST_AN_HOUR + 30)))
    told = await room.told()
    assert [each.type for each in told].count("alert.new-group") == MOST_AN_HOUR
    assert told[-1].type == "alert.summary"
    assert told[-1].data.count == 30


async def test_a_rule_that_takes_the_place_of_a_deleted_one_tells_anew(room: Room, database: Database) -> None:
    first = await room.rule("crash-loop")
    loop = [crash(n, ago=300 - 100 * n) for n in range(3)]
    await room.take(*loop)
    async with database.writing() as session:
        await session.delete(await session.get_one(AlertRule, first))
    room.now += 1_000
    await room.rule("crash-loop")
    await room.take(crash(5))
    assert len(await room.told()) == 2
