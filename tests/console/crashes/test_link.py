"""A firmware chosen by hand for a crash: what is said before, what it does, and how it is taken back."""

import pytest
from httpx import AsyncClient
from redis.asyncio import Redis
from sqlalchemy import select
from support.console import SignIn

from analyzer.analyze import analyze
from analyzer.announce import crash_event
from analyzer.firmware import find_firmware
from analyzer.report.model import encode_report
from console.database.tables import AuditEntry, Crash, Firmware
from console.intake.apply import apply
from console.intake.record import read_record
from console.people.roles import Role
from contract.chunk import Metadata
from contract.event import encode_event
from contract.identity import partition_of
from contract.records import FIELD, DumpItem, Keys, decode_item
from runtime.store import dump_key
from tests.analyzer.golden import dump_of, symbols_of
from tests.console.crashes.conftest import EVENT, START_MS, Bench, item_of

CASE = "cortex-m/null-deref-Os"
OTHER = "cortex-m/null-deref-Og"
OWN = symbols_of(CASE).build_ids[0].hex()
WRONG = symbols_of(OTHER).build_ids[0].hex()
LOST = "10570000aa"
PAGE = f"/crashes/{EVENT}"
API = f"/api/v1{PAGE}"
HOSTILE = "<script>alert(1)</script>"


async def ready(bench: Bench, case: str, **facts: str) -> None:
    """A firmware in store and database."""
    bench.firmware(case)
    async with bench.services.database.writing() as session:
        session.add(
            Firmware(build_id=symbols_of(case).build_ids[0].hex(), state="ready", size=1, added_ms=START_MS, **facts)
        )


async def lost(bench: Bench, build_id: str = LOST) -> None:
    """A crash whose build has no file, beside two firmwares."""
    await ready(bench, CASE, name=HOSTILE)
    await ready(bench, OTHER, version="2.0")
    await bench.crash(CASE, symbols=False, metadata=Metadata(build_id=bytes.fromhex(build_id)))


async def analysed(bench: Bench, item: DumpItem, build_id: str = LOST) -> None:
    """What analyzer and intake make of a work item."""
    firmware = find_firmware(bench.services.store, build_id, item.linked)
    report = analyze(dump_of(CASE), symbols_of(CASE) if firmware is not None else None, ())
    event = crash_event(report, item, build_id, linked="" if firmware is None else firmware.linked)
    bench.services.store.put(event.data.report, encode_report(report))
    async with bench.services.database.writing() as session:
        await apply(
            session, "events", f"{START_MS}-{item.linked or 'none'}", [read_record(encode_event(event))], START_MS
        )


async def sent(bench: Bench, redis: Redis) -> list[DumpItem]:
    """Work items that wait for their analysis, oldest first."""
    settings = bench.services.settings
    stream = Keys(settings.key_prefix).dumps(partition_of("lab-7", settings.partitions))
    return [decode_item(fields[FIELD]) for _, fields in await redis.xrange(stream)]


async def test_the_risk_is_told_before(bench: Bench) -> None:
    await lost(bench)
    bench.role = Role.VIEWER
    async with bench.client() as client:
        own = (await client.get(f"{API}/fit", params={"to": OWN})).json()
        wrong = (await client.get(f"{API}/fit", params={"to": WRONG})).json()
        assert (await client.get(f"{API}/fit", params={"to": "ffff"})).status_code == 404
        assert (await client.get(f"{API}/fit", params={"to": "no"})).status_code == 422
        assert (await client.get(f"{API}/link")).json() is None
    assert own["state"] == "fits"
    assert {one["name"]: one["speaks"] for one in own["evidence"]} == {
        "Read-only memory": None,
        "Threads": True,
        "Program counter": True,
        "Return addresses": True,
        "Kernel": True,
    }
    assert wrong["state"] == "differs"
    assert wrong["evidence"][0]["name"] == "Contradiction"


async def test_a_dump_is_linked_shown_and_taken_back(bench: Bench, redis: Redis) -> None:
    await lost(bench)
    async with bench.client() as client:
        assert (await client.put(f"{API}/link", json={"to": OWN})).status_code == 202
        (item,) = await sent(bench, redis)
        assert (item.linked, item.metadata.build_id.hex()) == (OWN, LOST)
        page = (await client.get(PAGE)).text
        assert "Linked by hand" in page
        assert "not analysed with it" in page
        await analysed(bench, item)
        page = (await client.get(PAGE)).text
        for text in ("Linked by hand", "by ada", "Undo the link", "calibration_in_range"):
            assert text in page
        assert "not analysed with it" not in page
        found = (await client.get(f"{API}/link")).json()
        assert (found["scope"], found["to"], found["by"], found["is_used"]) == ("dump", OWN, "ada", True)

        assert (await client.delete(f"{API}/link")).status_code == 202
        assert [one.linked for one in await sent(bench, redis)] == [OWN, ""]
        assert "was taken back" in (await client.get(PAGE)).text
        await analysed(bench, (await sent(bench, redis))[1])
        page = (await client.get(PAGE)).text
        assert "Symbols: missing." in page
        assert "calibration_in_range" not in page
        assert "by hand</strong>" not in page
        assert (await client.delete(f"{API}/link")).status_code == 404
    async with bench.services.database.reading() as session:
        actions = (await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))).all()
    assert actions == ["crash.link", "crash.unlink"]


async def test_what_does_not_fit_has_to_be_confirmed(bench: Bench, redis: Redis) -> None:
    await lost(bench)
    async with bench.client() as client:
        answer = await client.put(f"{API}/link", json={"to": WRONG})
        assert (answer.status_code, answer.json()["code"]) == (409, "does-not-fit")
        answer = await client.post(f"{PAGE}/link", data={"to": WRONG, "scope": "dump"})
        assert answer.status_code == 409
        assert "does not fit" in answer.text
        assert await sent(bench, redis) == []
        page = (await client.get(f"{PAGE}/link/to", params={"to": WRONG})).text
        assert 'name="sure"' in page
        answer = await client.post(f"{PAGE}/link", data={"to": WRONG, "scope": "dump", "sure": "yes"})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}?queued#log")
    assert [one.linked for one in await sent(bench, redis)] == [WRONG]


async def test_a_whole_build_is_linked_and_taken_back(bench: Bench) -> None:
    await lost(bench)
    store = bench.services.store
    async with bench.client() as client:
        page = (await client.get(f"{PAGE}/link", params={"for": "build"})).text
        assert HOSTILE not in page
        assert f"/link/to?to={OWN}&amp;for=build" in page
        page = (await client.get(f"{PAGE}/link/to", params={"to": OWN, "for": "build"})).text
        assert 'value="build" checked' in page
        assert 'name="sure"' not in page
        answer = await client.post(f"{PAGE}/link", data={"to": OWN, "scope": "build"})
        assert answer.status_code == 303
        found = find_firmware(store, LOST)
        assert found is not None
        assert found.linked == OWN
        await analysed(bench, item_of(CASE, metadata=Metadata(build_id=bytes.fromhex(LOST))))
        page = (await client.get(PAGE)).text
        assert "for all dumps of this build" in page
        assert (await client.get(f"{API}/link")).json()["scope"] == "build"
        assert (await client.post(f"{PAGE}/unlink")).status_code == 303
        assert find_firmware(store, LOST) is None
        assert "was taken back" in (await client.get(PAGE)).text
    async with bench.services.database.reading() as session:
        assert await session.scalar(select(Crash.revision)) == 1


async def test_analysing_again_forgets_a_link_that_is_no_more(bench: Bench, redis: Redis) -> None:
    await ready(bench, CASE)
    metadata = Metadata(build_id=bytes.fromhex(LOST))
    await bench.crash(CASE, symbols=False, metadata=metadata)
    await analysed(bench, item_of(CASE, linked=OWN, metadata=metadata))  # and nobody knows of a choice any more
    async with bench.client() as client:
        assert "was taken back" in (await client.get(PAGE)).text
        assert (await client.post(f"{API}/reanalyse")).status_code == 202
        assert [one.linked for one in await sent(bench, redis)] == [""]
        await client.put(f"{API}/link", json={"to": OWN})
        await client.post(f"{API}/reanalyse")
    assert [one.linked for one in await sent(bench, redis)] == ["", OWN, OWN]


@pytest.mark.parametrize("build_id", ["", "0000"])
async def test_builds_that_nobody_can_tell_apart_are_linked_by_the_dump(
    bench: Bench, redis: Redis, build_id: str
) -> None:
    await lost(bench, build_id)
    async with bench.client() as client:
        page = (await client.get(f"{PAGE}/link", params={"for": "build"})).text
        assert "only be chosen for single dumps" in page
        assert 'type="radio"' not in (await client.get(f"{PAGE}/link/to", params={"to": OWN})).text
        answer = await client.put(f"{API}/link", json={"to": OWN, "scope": "build"})
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert (await client.put(f"{API}/link", json={"to": OWN})).status_code == 202
    assert [one.linked for one in await sent(bench, redis)] == [OWN]


async def test_a_row_says_whether_it_fits(bench: Bench) -> None:
    await lost(bench)
    async with bench.client() as client:
        assert "fits</span>" in (await client.get(f"{PAGE}/link/fit", params={"to": OWN})).text
        assert "does not fit" in (await client.get(f"{PAGE}/link/fit", params={"to": WRONG})).text
        assert "not known" in (await client.get(f"{PAGE}/link/fit", params={"to": "ffff"})).text
        bench.services.store.delete(dump_key(item_of(CASE).sha256))
        answer = await client.get(f"{PAGE}/link/to", params={"to": OWN})
        assert answer.status_code == 410
        assert "was removed from the store" in answer.text
        assert (await client.put(f"{API}/link", json={"to": OWN})).status_code == 410


async def test_an_empty_console_says_what_to_do(bench: Bench) -> None:
    await bench.crash(CASE, symbols=False)
    async with bench.client() as client:
        assert "Upload the ELF file" in (await client.get(f"{PAGE}/link")).text
        assert "No firmware fits" in (await client.get(f"{PAGE}/link", params={"q": "nothing"})).text
        assert (await client.get(PAGE.replace(EVENT[:4], "0000") + "/link")).status_code == 404


async def test_whoever_only_looks_chooses_nothing(bench: Bench) -> None:
    await lost(bench)
    bench.role = Role.VIEWER
    async with bench.client() as client:
        for method, path in (("GET", "/link"), ("GET", "/link/to?to=ab"), ("POST", "/link"), ("POST", "/unlink")):
            answer = await client.request(method, PAGE + path, data={"to": OWN})
            assert answer.status_code == 403, path
        for method in ("PUT", "DELETE"):
            assert (await client.request(method, f"{API}/link", json={"to": OWN})).status_code == 403
        page = (await client.get(PAGE)).text
    assert "/link" not in page


async def test_a_foreign_page_chooses_nothing(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ENGINEER)
    client.headers.pop("X-CSRF-Token")
    assert (await client.post(f"{PAGE}/link", data={"to": OWN})).status_code == 403
    assert (await client.put(f"{API}/link", json={"to": OWN})).json()["code"] == "csrf"
