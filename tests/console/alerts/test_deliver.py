"""Alerts on their way, over a real connection: tried again, signed, at least once, and never held up by a neighbour."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, update
from standardwebhooks import Webhook, WebhookVerificationError
from support.alerts import Receiver, Room, receiver, until

from console.alerts import deliver, send
from console.alerts.backoff import TRIES
from console.alerts.deliver import KEPT_MS, LEASE_MS, Courier
from console.alerts.send import Outcome
from console.alerts.targets import enable_target, get_target
from console.database import Database
from console.database.tables import AlertTarget, Delivery
from contract.errors import ServiceError

MINUTE = 60_000


@asynccontextmanager
async def running(courier: Courier) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(courier.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "LOOK_SECONDS", 0.02)


async def one_alert(room: Room, url: str) -> None:
    await room.target(url)
    await room.rule("new-group")
    await room.take({"number": 0})


async def state(room: Room, number: int = 0) -> tuple[str, int]:
    each = (await room.deliveries())[number]
    return each.state, each.attempts


async def key_of(room: Room) -> str:
    async with room.database.reading() as session:
        return (await session.scalars(select(AlertTarget.secret))).one()


async def test_a_receiver_that_fails_twice_gets_it_in_the_end_with_the_same_id(room: Room) -> None:
    with receiver([500, 503]) as there:
        await one_alert(room, there.url)
        async with running(Courier(room.database, clock=lambda: room.now)):
            await until(lambda: len(there.got) == 1)
            await until(lambda: _is(room, ("waiting", 1)))
            assert (await room.deliveries())[0].reply == "500 Internal Server Error ok"
            await asyncio.sleep(0.1)
            assert len(there.got) == 1  # it waits
            room.now += 11_000
            await until(lambda: _is(room, ("waiting", 2)))
            room.now += 3 * MINUTE
            await until(lambda: _is(room, ("delivered", 3)))
    assert len(there.got) == 3
    assert len({headers["webhook-id"] for headers, _ in there.got}) == 1
    assert len({body for _, body in there.got}) == 1
    assert (await room.deliveries())[0].delivered_ms == room.now


async def _is(room: Room, expected: tuple[str, int]) -> bool:
    """Whether a try ended so; until then its lease runs."""
    each = (await room.deliveries())[0]
    ended = each.state != "waiting" or each.due_ms != room.now + LEASE_MS
    return ended and (each.state, each.attempts) == expected


async def test_the_signature_is_the_one_of_the_standard(room: Room) -> None:
    with receiver() as there:
        await one_alert(room, there.url)
        async with running(Courier(room.database, clock=lambda: room.now)):
            await until(lambda: _is(room, ("delivered", 1)))
    ((headers, body),) = there.got
    told = Webhook(await key_of(room)).verify(body, headers)
    assert told["type"] == "alert.new-group"
    assert headers["Content-Type" if "Content-Type" in headers else "content-type"] == "application/json"
    assert headers["webhook-id"] == json.loads(body)["id"]
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_c2VjcmV0c2VjcmV0c2VjcmV0").verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(await key_of(room)).verify(body + " ", headers)


async def test_after_eight_tries_it_is_given_up(room: Room) -> None:
    with receiver([404] * 20) as there:
        await one_alert(room, there.url)
        async with running(Courier(room.database, clock=lambda: room.now)):
            for attempt in range(1, TRIES):
                await until(lambda expected=attempt: _is(room, ("waiting", expected)))
                assert len(there.got) == attempt
                room.now += 15 * 3_600_000
            await until(lambda: _is(room, ("failed", TRIES)))
            room.now += 15 * 3_600_000
            await asyncio.sleep(0.1)
    assert len(there.got) == TRIES


async def test_redirects_are_not_followed(room: Room) -> None:
    with receiver() as elsewhere, receiver([307] * 2) as there:
        there.headers["location"] = elsewhere.url
        await one_alert(room, there.url)
        async with running(Courier(room.database, clock=lambda: room.now)):
            await until(lambda: _replied(room, "redirects are not followed"))
    assert elsewhere.got == []
    assert (await state(room))[0] == "waiting"


async def _replied(room: Room, text: str) -> bool:
    return text in (await room.deliveries())[0].reply


async def test_a_receiver_that_hangs_or_never_ends_costs_one_try(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "SECONDS", 0.3)
    with receiver() as there:
        there.slow = 0.8
        await one_alert(room, there.url)
        async with running(Courier(room.database, clock=lambda: room.now)):
            await until(lambda: _replied(room, "no answer within"))


async def test_an_answer_is_kept_in_one_short_line(room: Room) -> None:
    with receiver([500]) as there:
        there.reply = b"\x00\xff<b>\r\n" + b"x" * 1_000_000
        await one_alert(room, there.url)
        async with running(Courier(room.database, clock=lambda: room.now)):
            await until(lambda: _is(room, ("waiting", 1)))
            await until(lambda: _replied(room, "500"))
    reply = (await room.deliveries())[0].reply
    assert len(reply) <= 500
    assert reply.isprintable()


async def test_nobody_there_is_said(room: Room) -> None:
    await one_alert(room, "http://127.0.0.1:9/hook")
    async with running(Courier(room.database, clock=lambda: room.now)):
        await until(lambda: _replied(room, "ConnectError"))


async def test_a_slow_target_does_not_hold_up_another(room: Room) -> None:
    with receiver() as slow, receiver() as fast:
        slow.slow = 3.0
        await room.target(slow.url)
        await room.rule("new-group")
        await room.target(fast.url)
        await room.rule("new-group")
        await room.take(*({"number": n, "fingerprint": f"2-{n}"} for n in range(10)))
        async with running(Courier(room.database, clock=lambda: room.now)):
            await until(lambda: len(fast.got) == 10, 60)
            assert len(slow.got) < 10


async def test_a_stop_waits_for_the_answer(room: Room) -> None:
    with receiver() as there:
        there.slow = 0.5
        await one_alert(room, there.url)
        async with running(Courier(room.database, clock=lambda: room.now)):
            await until(lambda: len(there.got) == 1)
    assert await state(room) == ("delivered", 1)


async def test_what_waits_for_a_target_that_is_disabled_is_given_up(room: Room) -> None:
    with receiver() as there:
        await one_alert(room, there.url)
        async with room.database.writing() as session:
            await enable_target(session, await get_target(session, room.target_id), enabled=False)
        async with running(Courier(room.database, clock=lambda: room.now)):
            await asyncio.sleep(0.1)
    assert there.got == []
    assert (await state(room))[0] == "failed"


async def test_two_processes_send_it_once(room: Room) -> None:
    with receiver() as there:
        await room.target(there.url)
        await room.rule("new-group")
        await room.take(*({"number": n, "fingerprint": f"2-{n}"} for n in range(20)))
        async with (
            running(Courier(room.database, clock=lambda: room.now)),
            running(Courier(room.database, clock=lambda: room.now)),
        ):
            await until(lambda: _all_delivered(room))
    assert len(there.got) == 20


async def _all_delivered(room: Room) -> bool:
    return all(each.state == "delivered" for each in await room.deliveries())


async def test_a_fault_of_ours_is_a_try_like_others(room: Room) -> None:
    async def broken(_target: AlertTarget, _body: str) -> Outcome:
        raise ZeroDivisionError

    await one_alert(room, "http://127.0.0.1:9/hook")
    async with running(Courier(room.database, broken, clock=lambda: room.now)):
        await until(lambda: _replied(room, "ZeroDivisionError"))


async def test_a_database_that_is_away_is_waited_for(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as there:
        await one_alert(room, there.url)
        real = Database.reading
        failing = [3]

        def reading(self: Database) -> object:
            if failing[0]:
                failing[0] -= 1
                raise ServiceError("away")
            return real(self)

        monkeypatch.setattr(Database, "reading", reading)
        async with running(Courier(room.database, clock=lambda: room.now)):
            await until(lambda: len(there.got) == 1)
    assert failing == [0]


async def test_the_log_is_kept_for_thirty_days(room: Room) -> None:
    with receiver() as there:
        await one_alert(room, there.url)
        async with running(Courier(room.database, clock=lambda: room.now)):
            await until(lambda: _is(room, ("delivered", 1)))
        room.now += KEPT_MS + 1
        await room.take({"number": 1, "fingerprint": "2-b"})
        async with room.database.writing() as session:
            later = update(Delivery).where(Delivery.state == "waiting")
            await session.execute(later.values(due_ms=room.now + MINUTE))
        async with running(Courier(room.database, clock=lambda: room.now)):
            await until(lambda: _left(room, 1))
    assert (await state(room))[0] == "waiting"


async def _left(room: Room, count: int) -> bool:
    return len(await room.deliveries()) == count


DELIVERER = """
import asyncio, sys
from console.alerts.deliver import Courier
from console.database import open_database

asyncio.run(Courier(open_database(sys.argv[1]), clock=lambda: int(sys.argv[2]), lease_ms=60_000).run(asyncio.Event()))
"""


async def test_kill_9_between_delivery_and_note_sends_it_again_with_the_same_id(
    room: Room, database_url: str, tmp_path: Path
) -> None:
    with receiver() as there:
        there.slow = 1.5
        await one_alert(room, there.url)
        await _killed_after_sending(there, database_url, room.now, tmp_path)
        assert await state(room) == ("waiting", 1)
        there.slow = 0.0
        async with running(Courier(room.database, clock=lambda: room.now)):
            await asyncio.sleep(0.1)
            assert len(there.got) == 1  # the lease holds
            room.now += 61_000
            await until(lambda: _is(room, ("delivered", 2)))
    (first, one), (second, other) = there.got
    assert first["webhook-id"] == second["webhook-id"]
    assert one == other
    assert Webhook(await key_of(room)).verify(other, second)


async def _killed_after_sending(there: Receiver, url: str, now: int, folder: Path) -> None:
    script = folder / "deliverer.py"
    script.write_text(DELIVERER)
    root = Path(deliver.__file__).parents[2]
    process = await asyncio.create_subprocess_exec(sys.executable, str(script), url, str(now), cwd=root)
    try:
        await until(lambda: len(there.got) == 1, 30)
    finally:
        process.kill()
        await process.wait()
