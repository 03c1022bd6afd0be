"""Groups over HTTP: the list, one group, what is done with groups and who may."""

import re
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import select
from support.console import SignIn
from support.crashes import START_MS, crash_event, crash_payload

from analyzer.analyze import analyze
from analyzer.report.model import encode_report
from console.database import Database
from console.database.tables import AuditEntry
from console.intake.apply import apply
from console.intake.record import read_record
from console.people.roles import Role
from console.web.services import Services
from contract.event import encode_event
from tests.analyzer.golden import dump_of, symbols_of

HOSTILE = "<script>alert(1)</script>\"'&"


async def intake(database: Database, *payloads: bytes) -> None:
    async with database.writing() as session:
        await apply(session, "s", "1-0", [read_record(payload) for payload in payloads], START_MS)


@pytest.fixture
async def three(database: Database) -> Database:
    """Three causes, one of them with a name that wants to be a script, on a device of that name."""
    await intake(
        database,
        *(
            crash_payload(n, fingerprint="2-a", device=f"d{n}", time_ms=START_MS + n, version=f"1.{n}")
            for n in range(4)
        ),
        crash_payload(10, fingerprint="2-b", title="Bus fault in spi", kind="bus-fault", time_ms=START_MS + 20),
        crash_payload(
            20,
            fingerprint=HOSTILE,
            title=HOSTILE,
            kind=HOSTILE,
            device=HOSTILE,
            version=HOSTILE,
            build_id=HOSTILE,
            time_ms=START_MS + 10,
        ),
    )
    return database


async def audited(database: Database) -> list[tuple[Any, ...]]:
    async with database.reading() as session:
        rows = await session.execute(
            select(AuditEntry.account, AuditEntry.action, AuditEntry.subject, AuditEntry.detail)
            .where(AuditEntry.action.startswith("group."))
            .order_by(AuditEntry.id)
        )
        return [tuple(row) for row in rows]


def shown(page: str) -> list[int]:
    """The groups of a list, in their order."""
    return [int(number) for number in re.findall(r'<tr data-row id="group-(\d+)"', page)]


@pytest.mark.usefixtures("three")
async def test_groups_are_listed_filtered_and_sorted(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ENGINEER)
    page = (await client.get("/groups")).text
    assert shown(page) == [2, 3, 1]
    assert "style=" not in page
    assert shown((await client.get("/groups?sort=crashes")).text)[0] == 1
    assert shown((await client.get("/groups?sort=devices")).text)[0] == 1
    assert shown((await client.get("/groups?q=SPI")).text) == [2]
    assert shown((await client.get("/groups?kind=bus-fault")).text) == [2]
    assert shown((await client.get("/groups?version=1.3")).text) == [1]
    assert shown((await client.get("/groups?firmware=weather-station&version=1.4.2")).text) == [2]
    assert shown((await client.get("/groups?state=resolved")).text) == []
    assert "No group fits" in (await client.get("/groups?q=nothing")).text
    answer = await client.get("/api/v1/groups", params={"state": ["unresolved", "muted"], "limit": 2})
    assert [each["id"] for each in answer.json()["items"]] == [2, 3]
    rest = await client.get("/api/v1/groups", params={"limit": 2, "cursor": answer.json()["next"]})
    assert ([each["id"] for each in rest.json()["items"]], rest.json()["next"]) == ([1], None)
    for wrong in ("state=new", "sort=size", "cursor=x", "limit=0", "q=%00"):
        assert (await client.get(f"/api/v1/groups?{wrong}")).status_code == 422


@pytest.mark.usefixtures("three")
async def test_what_devices_say_stays_text(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ENGINEER)
    for path in (
        "/groups",
        "/groups/3",
        "/groups/merge?group=3&group=1",
        "/groups/merge?q=script",
        "/groups?q=<script>",
    ):
        page = (await client.get(path)).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


async def test_a_group_is_resolved_muted_and_reopened(client: AsyncClient, sign_in: SignIn, three: Database) -> None:
    name = await sign_in(Role.ENGINEER)
    done = await client.post("/groups/1/state", data={"state": "resolved", "version": "2.0"})
    assert done.headers["location"] == "/groups/1?done=resolved"
    page = (await client.get("/groups/1?done=resolved")).text
    assert "Resolved in <strong>2.0</strong> by engineer" in page
    assert 'role="status">Resolved.' in page
    assert shown((await client.get("/groups?state=resolved")).text) == [1]
    later = (await client.get("/api/v1/groups/1")).json()
    assert (later["state"], later["decided_by"], later["resolved_version"]) == ("resolved", name, "2.0")
    await intake(three, crash_payload(30, fingerprint="2-a", version="2.1", time_ms=4_000_000_000_000))
    page = (await client.get("/groups/1")).text
    assert "came back in <strong>2.1</strong>" in page
    assert "regression</span>" in (await client.get("/groups")).text
    muted = await client.put("/api/v1/groups/1/state", json={"state": "muted"})
    assert (muted.json()["state"], muted.json()["regressed_version"]) == ("muted", "2.1")
    await client.post("/groups/1/state", data={"state": "unresolved"})
    assert (await client.get("/api/v1/groups/1")).json()["regressed"] is None
    assert await audited(three) == [
        (name, "group.resolve", "1", "in 2.0"),
        (name, "group.mute", "1", ""),
        (name, "group.reopen", "1", ""),
    ]
    for wrong in (
        {"state": "gone"},
        {"state": "resolved", "version": "x" * 129},
        {"state": "resolved", "version": "\n"},
    ):
        assert (await client.put("/api/v1/groups/1/state", json=wrong)).status_code == 422
        if wrong.get("version") != "\n":  # of a form it is no version, as if nothing had been written
            assert (await client.post("/groups/1/state", data=wrong)).status_code == 422


async def test_groups_are_merged_split_and_all_of_it_undone(
    client: AsyncClient, sign_in: SignIn, three: Database
) -> None:
    name = await sign_in(Role.ENGINEER)
    chosen = (await client.get("/groups/merge?group=2&group=1&q=script")).text
    assert chosen.index('name="into" value="1" checked') < chosen.index('name="into" value="2"')
    assert "/groups/merge?group=1&amp;group=2&amp;group=3" in chosen
    done = await client.post("/groups/merge", data={"into": 1, "group": [1, 2, 3]})
    assert done.headers["location"] == "/groups/1?done=merged"
    assert shown((await client.get("/groups?state=all")).text) == [1]
    away = (await client.get("/groups/2")).text
    assert "It was merged into" in away
    assert 'href="/groups/1"' in away
    assert (await client.get("/api/v1/groups/2")).json()["merged_into"] == [1]
    page = (await client.get("/groups/1")).text
    assert page.count('name="fingerprint"') == 3
    assert "Merge by engineer" in page
    split = await client.post("/groups/1/split", data={"fingerprint": ["2-b", HOSTILE]})
    assert split.headers["location"] == "/groups/1?done=split"
    assert shown((await client.get("/groups?state=all")).text) == [2, 3, 1]
    changes = (await client.get("/api/v1/groups/1/changes")).json()
    assert [(each["action"], each["by"], each["undone"]) for each in changes] == [
        ("split", name, None),
        ("merge", name, None),
    ]
    refused = await client.post("/groups/1/changes/1/undo")
    assert refused.status_code == 409
    assert "change 2 came later" in refused.text
    assert (await client.post("/groups/1/changes/2/undo")).headers["location"] == "/groups/1?done=undone"
    undone = await client.post("/api/v1/groups/changes/1/undo")
    assert undone.json() == {"groups": [1, 2, 3]}
    assert shown((await client.get("/groups?state=all")).text) == [2, 3, 1]
    assert [action for _, action, *_ in await audited(three)] == [
        "group.merge",
        "group.split",
        "group.undo",
        "group.undo",
    ]


@pytest.mark.usefixtures("three")
async def test_merges_and_splits_that_make_no_sense_are_refused(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ENGINEER)
    assert "Choose groups below" in (await client.get("/groups/merge")).text
    assert "Choose another group" in (await client.get("/groups/merge?group=1&group=99")).text
    assert (await client.get("/groups/merge?group=x")).status_code == 422
    for form in ({"into": 1, "group": [1]}, {"into": 1, "group": [1, -5]}):
        assert (await client.post("/groups/merge", data=form)).status_code == 409
    assert (await client.post("/groups/merge", data={"into": 1, "group": [1, 99]})).status_code == 404
    assert (await client.post("/groups/merge", data={"into": 10**30, "group": [1]})).status_code == 422
    assert (await client.post("/groups/1/split", data={})).status_code == 409
    assert (await client.post("/groups/1/split", data={"fingerprint": ["2-a"]})).status_code == 409
    assert (await client.post("/api/v1/groups/1/split", json={"fingerprints": []})).status_code == 422
    assert (await client.post("/api/v1/groups/1/merge", json={"groups": [2] * 101})).status_code == 422
    merged = await client.post("/api/v1/groups/1/merge", json={"groups": [2]})
    assert merged.json() == {"change": 1}
    parted = await client.post("/api/v1/groups/1/split", json={"fingerprints": ["2-b"]})
    assert parted.json() == {"change": 2}


WRITES = [
    ("/groups/1/state", {"state": "muted"}),
    ("/groups/merge", {"into": 1, "group": [1, 2]}),
    ("/groups/1/split", {"fingerprint": ["2-a"]}),
    ("/groups/1/changes/1/undo", {}),
]
CALLS = [
    ("PUT", "/api/v1/groups/1/state", {"state": "muted"}),
    ("POST", "/api/v1/groups/1/merge", {"groups": [2]}),
    ("POST", "/api/v1/groups/1/split", {"fingerprints": ["2-a"]}),
    ("POST", "/api/v1/groups/changes/1/undo", None),
]


async def test_viewers_look_and_do_not_touch(client: AsyncClient, sign_in: SignIn, three: Database) -> None:
    await sign_in(Role.VIEWER)
    for path in ("/groups", "/groups/1"):
        page = (await client.get(path)).text
        assert 'method="post" action="/groups' not in page.replace('action="/groups/1/split"', "")
        assert 'type="checkbox"' not in page
        assert "Merge" not in page.replace("Merges and splits", "")
    assert (await client.get("/groups/merge")).status_code == 403
    for path, form in WRITES:
        assert (await client.post(path, data=form)).status_code == 403
    for method, path, body in CALLS:
        assert (await client.request(method, path, json=body)).json()["code"] == "not-allowed"
    assert await audited(three) == []


async def test_nobody_touches_without_a_session_or_from_elsewhere(
    client: AsyncClient, sign_in: SignIn, three: Database
) -> None:
    for path in ("/groups", "/groups/1", "/groups/merge"):
        assert (await client.get(path)).headers["location"].startswith("/sign-in?next=%2Fgroups")
    for path, form in WRITES:
        assert (await client.post(path, data=form)).headers["location"] == "/sign-in"
    for method, path, body in CALLS:
        assert (await client.request(method, path, json=body)).status_code == 401
    assert (await client.get("/api/v1/groups")).status_code == 401
    await sign_in(Role.ENGINEER)
    del client.headers["X-CSRF-Token"]
    for path, form in WRITES:
        assert (await client.post(path, data=form)).status_code == 403
    for method, path, body in CALLS:
        assert (await client.request(method, path, json=body)).json()["code"] == "csrf"
    assert await audited(three) == []


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("number", ["99", "0", "-1", "x", "9" * 30])
async def test_what_is_not_there_is_said(client: AsyncClient, sign_in: SignIn, number: str) -> None:
    await sign_in(Role.ENGINEER)
    status = 404 if number == "99" else 422
    for path in (f"/groups/{number}", f"/api/v1/groups/{number}", f"/api/v1/groups/{number}/changes"):
        assert (await client.get(path)).status_code == status
    assert (await client.post(f"/groups/{number}/state", data={"state": "muted"})).status_code == status
    assert (await client.post(f"/api/v1/groups/changes/{number}/undo")).status_code == status


async def test_an_empty_console_says_what_to_do(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in()
    for query in ("", "?state=all", "?state=muted"):
        assert "No groups yet" in (await client.get(f"/groups{query}")).text
    assert (await client.get("/api/v1/groups")).json() == {"items": [], "next": None}


async def test_a_group_that_symbols_emptied_is_in_no_list(
    client: AsyncClient, sign_in: SignIn, database: Database
) -> None:
    await sign_in(Role.ENGINEER)
    await intake(database, crash_payload(0, revision=3, fingerprint="2-u", title="Crash at 0x1234"))
    await intake(database, crash_payload(0, fingerprint="2-a"))
    assert shown((await client.get("/groups?state=all")).text) == [2]
    assert "0x1234" not in (await client.get("/groups/merge?q=crash")).text
    assert (await client.get("/events/values?add=group")).text.split() == ["<option", 'value="2"></option>']
    page = (await client.get("/groups/1")).text
    assert "analysed again, with symbols" in page


async def test_the_page_tells_why_the_crashes_are_one_group(
    client: AsyncClient, sign_in: SignIn, services: Services, three: Database
) -> None:
    await sign_in()
    assert "what it was made of is in no report any more" in (await client.get("/groups/1")).text
    event = crash_event(40, fingerprint="2-c")
    await intake(three, encode_event(event))
    services.store.put(event.data.report, b"damaged")
    assert "what it was made of is in no report any more" in (await client.get("/groups/4")).text
    case = "cortex-m/null-deref-Os"
    report = analyze(dump_of(case), symbols_of(case))
    told = crash_event(50, fingerprint=report.fingerprint)
    await intake(three, encode_event(told))
    services.store.put(told.data.report, encode_report(report))
    page = (await client.get("/groups/5")).text
    assert "made of <code>null-dereference in calibration_in_range" in page
