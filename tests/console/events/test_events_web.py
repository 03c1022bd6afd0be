"""Events over HTTP: the API, the page, exports, saved filters, live."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from httpx import ASGITransport, AsyncClient
from sqlalchemy import insert, update
from support.console import app_over
from support.fleet import Fleet, fill

from console.database import Database
from console.database.tables import Account, Crash, Profile
from console.events import live
from console.events.export import csv_of
from console.events.filter import EventFilter
from console.events.query import page_of
from console.intake.progress import Progress
from console.people.access import signed_in
from console.people.person import Person
from console.people.roles import Role
from console.settings import ConsoleSettings
from console.web.services import Services

FLEET = Fleet(crashes=300, profiles=40, devices=50, days=20)
PERSON = Person(1, "ada", Role.of("viewer"), csrf="c" * 20, session="s")


@pytest.fixture
def services(database: Database, tmp_path: Path) -> Services:
    settings = ConsoleSettings(store=tmp_path / "store", _env_file=None)  # pyright: ignore[reportCallIssue]
    nothing: Any = None
    return Services(settings, database, nothing, nothing)


@pytest.fixture
def app(services: Services) -> FastAPI:
    app = app_over(services)
    act(app, PERSON)
    return app


def act(app: FastAPI, person: Person) -> None:
    """Let a person be signed in."""

    def signed(request: Request) -> Person:
        request.state.person = person
        return person

    app.dependency_overrides[signed_in] = signed


@pytest.fixture
async def client(app: FastAPI, database: Database) -> AsyncIterator[AsyncClient]:
    async with database.writing() as session:
        await session.execute(
            insert(Account),
            [
                {"id": 1, "name": "ada", "role": "viewer", "created_ms": 0},
                {"id": 2, "name": "bob", "role": "viewer", "created_ms": 0},
            ],
        )
    async with AsyncClient(transport=ASGITransport(app), base_url="http://console") as client:
        yield client


async def test_the_api_pages_through(client: AsyncClient, database: Database) -> None:
    await fill(database, FLEET)
    ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = await client.get("/api/v1/events", params={"limit": 70, "cursor": cursor, "attr.region": "us"})
        assert answer.status_code == 200, answer.text
        ids += [each["event_id"] for each in answer.json()["items"]]
        cursor = answer.json()["next"]
    counts = (await client.get("/api/v1/events/counts?attr.region=us")).json()
    assert counts["total"] == sum(counts["counts"]) == len(set(ids)) == len(ids) > 100
    one = await client.get(f"/api/v1/events/{ids[0]}")
    assert one.json()["event_id"] == ids[0]
    assert (await client.get("/api/v1/events/none")).status_code == 404


@pytest.mark.parametrize("query", ["colour=red", "cursor=x", "limit=0", "since=never"])
async def test_what_is_wrong_is_said(client: AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/v1/events?{query}")
    assert answer.status_code == 422
    assert set(answer.json()) == {"code", "message"}
    assert (await client.get("/events?colour=red")).status_code == 422


async def test_what_devices_say_stays_text(client: AsyncClient, database: Database) -> None:
    await fill(database, FLEET)
    async with database.writing() as session:
        await session.execute(update(Profile).values(thread="<script>alert(1)</script>", title="=1+1<img src=x>"))
    page = (await client.get("/events")).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "thread &lt;script&gt;alert(1)&lt;/script&gt;" in page
    rows = list(csv.DictReader(io.StringIO((await client.get("/api/v1/events/export")).text)))
    assert len(rows) == 300
    assert {row["title"] for row in rows} == {"'=1+1<img src=x>"}
    lines = (await client.get("/api/v1/events/export?format=jsonl&kind=assert")).text.splitlines()
    assert lines
    assert {json.loads(line)["kind"] for line in lines} == {"assert"}


async def test_the_page(client: AsyncClient, database: Database) -> None:
    empty = await client.get("/events")
    assert "No crashes yet" in empty.text
    assert "style=" not in empty.text
    assert "onclick" not in empty.text
    await fill(database, FLEET)
    page = await client.get("/events?kind=assert")
    assert page.text.count("data-row") > 10
    assert 'data-live="/events/live?kind=assert&amp;after=300"' in page.text
    assert "No crash fits" in (await client.get("/events?q=nowhere")).text
    added = await client.get("/events?kind=assert&add=attr.&value=region%3Deu")
    assert added.headers["location"] == "/events?kind=assert&attr.region=eu"
    again = await client.get("/events?symbolized=true&add=symbolized&value=false")
    assert again.headers["location"] == "/events?symbolized=false"
    chart = await client.get("/events/chart?since=24h&until=1h")
    assert "crash" in chart.text
    assert "300 crashes" in (await client.get("/events/chart")).text
    values = await client.get("/events/values?add=device&value=gateway")
    assert 'value="gateway-000' in values.text
    for name in ("kind", "group", "attr.", "symbolized", "q"):
        assert (await client.get(f"/events/values?add={name}")).status_code == 200


async def test_filters_are_saved_and_shared(client: AsyncClient, app: FastAPI) -> None:
    made = await client.post("/api/v1/filters", json={"name": " EU  asserts", "query": "kind=assert", "shared": True})
    assert made.status_code == 201, made.text
    assert made.json()["name"] == "EU asserts"
    assert (await client.post("/events/saved", data={"name": "mine", "query": "q=x"})).status_code == 303
    assert (await client.post("/api/v1/filters", json={"name": "x", "query": "colour=1"})).status_code == 422
    act(app, replace(PERSON, account_id=2, name="bob"))
    seen = (await client.get("/api/v1/filters")).json()
    assert [(each["name"], each["owner"]) for each in seen] == [("EU asserts", "ada")]
    number = seen[0]["id"]
    assert (await client.delete(f"/api/v1/filters/{number}")).status_code == 404
    act(app, PERSON)
    assert (await client.post(f"/events/saved/{number}/delete", data={"query": ""})).status_code == 303
    assert [each["name"] for each in (await client.get("/api/v1/filters")).json()] == ["mine"]


async def test_crashes_come_live(services: Services, database: Database) -> None:
    await fill(database, FLEET)
    following = live.follow(services, EventFilter(), 298)
    assert [each.change for each in await anext(following)] == [299, 300]
    waiting = asyncio.ensure_future(anext(following))
    await asyncio.sleep(0.05)
    async with database.writing() as session:
        await session.execute(update(Crash).where(Crash.id == 1).values(change=301))
    assert [each.id for each in await asyncio.wait_for(waiting, 20)] == [1]
    services.stopping.set()
    with pytest.raises(StopAsyncIteration):
        await anext(following)


@pytest.fixture
def _until_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams end when there is nothing more to tell, as the process does when it is stopped."""

    async def stop(stopping: asyncio.Event, _seconds: float) -> None:
        stopping.set()

    monkeypatch.setattr(live, "rest", stop)


@pytest.mark.usefixtures("_until_quiet")
async def test_a_stream_ends_with_the_process(client: AsyncClient, database: Database) -> None:
    await fill(database, FLEET)
    answer = await client.get("/api/v1/events/live", headers={"Last-Event-ID": "299"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith("retry: 2000\n\nevent: crash\nid: 300\ndata: {")


@pytest.mark.usefixtures("_until_quiet")
async def test_nothing_is_missed_between_a_list_and_what_follows_it(client: AsyncClient, database: Database) -> None:
    await fill(database, FLEET)
    known = (await client.get("/api/v1/events")).json()["change"]
    async with database.writing() as session:  # after the list was read, before anybody follows
        await session.execute(update(Crash).where(Crash.id == 1).values(change=known + 1))
    answer = await client.get(f"/api/v1/events/live?after={known}")
    assert f"id: {known + 1}\n" in answer.text


async def test_a_reader_who_goes_away_costs_no_connection(services: Services, database: Database) -> None:
    await fill(database, FLEET)
    before = len(asyncio.all_tasks())
    for number in range(30):
        following = live.follow(services, EventFilter(), 0)
        reading = asyncio.ensure_future(anext(following))
        await asyncio.sleep(number / 3000)  # into the middle of a statement
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await following.aclose()
    async with asyncio.timeout(20):  # what was asked is answered first
        while len(asyncio.all_tasks()) > before:
            await asyncio.sleep(0.05)


async def test_catching_up_is_told(client: AsyncClient, app: FastAPI) -> None:
    assert "Catching up" not in (await client.get("/events/progress")).text
    app.state.progress = lambda: Progress(behind_ms=7_400_000, entries_left=5_000, rate=100.0)
    told = (await client.get("/events/progress")).text
    assert "2 h 3 min behind" in told
    assert "5\u202f000 events to go, 50 s" in told


async def test_static_files_are_kept(client: AsyncClient) -> None:
    page = (await client.get("/events")).text
    sheet = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = await client.get(sheet)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert (await client.get("/static/../app.py")).status_code == 404


async def test_cells_are_no_formulas(database: Database) -> None:
    await fill(database, replace(FLEET, crashes=5))
    async with database.reading() as session:
        row = (await page_of(session, EventFilter(), 0)).crashes[0]
    for evil in ("=1", "+1", "-1", "@x", "\tx", "\rx"):
        (cells,) = csv.reader(io.StringIO(csv_of([replace(row, device=evil)]), newline=""))
        assert f"'{evil}" in cells
