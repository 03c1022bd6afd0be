"""Devices over HTTP: the list, one device, names that want to be something else."""

from urllib.parse import quote

import pytest
from httpx import AsyncClient
from sqlalchemy import insert
from support.console import SignIn
from support.crashes import START_MS, crash_payload

from console.database import Database
from console.database.tables import Firmware
from console.intake.apply import apply
from console.intake.record import read_record
from console.people.clock import now_ms
from console.web.formats import device_path

MINUTE = 60_000
HOSTILE = [
    "<script>alert(1)</script>",
    "a/b",
    "a/../b",
    ".",
    "..",
    "a b?c#d&e=f%2F%",
    "\"'`{{ 7*7 }}",
    "line\nend\n",
    "späte 设备 \U0001f6f0",
    "x" * 128,
    "star*",
    " outer ",
]


async def intake(database: Database, *payloads: bytes) -> None:
    async with database.writing() as session:
        await apply(session, "s", "1-0", [read_record(payload) for payload in payloads], START_MS)


@pytest.fixture
async def fleet(database: Database) -> Database:
    """One device in a loop, one that was long ago, one that crashed once."""
    now = now_ms()
    loop = [crash_payload(n, device="looping", time_ms=now - n * MINUTE, version="1.5") for n in range(4)]
    old = [crash_payload(10 + n, device="old-loop", time_ms=START_MS + n * MINUTE, version="1.3") for n in range(3)]
    once = crash_payload(20, device="once", time_ms=START_MS + 9 * MINUTE, fingerprint="2-b", title="Bus fault in spi")
    await intake(database, *loop, *old, once)
    return database


@pytest.mark.usefixtures("fleet")
async def test_devices_are_listed_and_found(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in()
    page = (await client.get("/devices")).text
    assert page.index("looping") < page.index("once") < page.index("old-loop")
    assert "reboot loop</span>" in page
    assert "was in a loop</span>" in page
    assert "style=" not in page
    loops = (await client.get("/devices?loops=yes&sort=crashes")).text
    assert "/devices/once" not in loops
    assert loops.index("/devices/looping") < loops.index("/devices/old-loop")
    found = (await client.get("/devices?q=ONC")).text
    assert "/devices/once" in found
    assert "/devices/looping" not in found
    assert "No device is called that" in (await client.get("/devices?q=%25")).text
    names = [each["name"] for each in (await client.get("/api/v1/devices?sort=crashes")).json()["items"]]
    assert names == ["looping", "old-loop", "once"]


@pytest.mark.parametrize("sort", ["last", "crashes"])
async def test_pages_follow_each_other(client: AsyncClient, sign_in: SignIn, database: Database, sort: str) -> None:
    await sign_in()
    await intake(
        database, *(crash_payload(n, device=f"d{n % 13}", time_ms=START_MS + n % 5 * 3_600_000) for n in range(30))
    )
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        answer = await client.get("/api/v1/devices", params={"sort": sort, "limit": 4, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        seen += [each["name"] for each in answer.json()["items"]]
        cursor = answer.json()["next"]
    assert len(seen) == len(set(seen)) == 13
    assert (await client.get("/api/v1/devices?cursor=x")).status_code == 422


async def test_a_device_tells_its_past(client: AsyncClient, sign_in: SignIn, fleet: Database) -> None:
    await sign_in()
    async with fleet.writing() as session:
        values = {"build_id": "61a948a9", "size": 1, "state": "ready", "added_ms": 1}
        await session.execute(insert(Firmware).values(id=7, **values))
    page = (await client.get("/devices/looping")).text
    assert "In a reboot loop." in page
    assert "4 crashes in 3 min" in page
    assert 'href="/firmware/7"' in page
    assert page.count('id="crash-') == 4
    detail = (await client.get("/api/v1/devices/looping")).json()
    assert (detail["crashes"], detail["in_loop"], detail["whole"], sum(detail["days"])) == (4, True, True, 4)
    assert [(each["version"], each["crashes"]) for each in detail["builds"]] == [("1.5", 4)]
    assert [each["crashes"] for each in detail["loops"]] == [4]
    assert [(each["group"], each["crashes"]) for each in detail["groups"]] == [(1, 4)]
    old = (await client.get("/devices/old-loop")).text
    assert "Was in a reboot loop." in old
    assert "3 or more crashes within 10 minutes" in (await client.get("/devices/once")).text


@pytest.mark.parametrize("name", HOSTILE)
async def test_names_are_only_names(client: AsyncClient, sign_in: SignIn, database: Database, name: str) -> None:
    await sign_in()
    await intake(database, crash_payload(0, device=name), crash_payload(1, device="starfish"))
    page = (await client.get("/devices")).text
    assert "<script>alert" not in page
    assert f'href="{device_path(name)}"'.replace("&", "&amp;").replace("'", "&#39;") in page
    shown = await client.get(device_path(name))
    assert shown.status_code == 200
    assert "<script>alert" not in shown.text
    assert shown.text.count('id="crash-') == 1
    if name.strip("."):  # clients resolve a path of dots; the list finds those
        detail = await client.get(f"/api/v1/devices/{quote(name, safe='')}")
        assert (detail.json()["name"], detail.json()["crashes"]) == (name, 1)


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("name", ["nobody", "%00", "x" * 10_000, "%ff%fe", "looping/"])
async def test_what_is_not_there_is_said(client: AsyncClient, sign_in: SignIn, name: str) -> None:
    await sign_in()
    assert (await client.get(f"/devices/{name}")).status_code == 404
    answer = await client.get(f"/api/v1/devices/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert (await client.get("/devices?q=%00")).status_code == 422


async def test_nobody_looks_without_signing_in(client: AsyncClient, sign_in: SignIn) -> None:
    for path in ("/devices", "/devices/once"):
        assert (await client.get(path)).headers["location"].startswith("/sign-in?next=%2Fdevices")
        assert (await client.get(f"/api/v1{path}")).status_code == 401
    await sign_in()
    assert "No device has crashed yet" in (await client.get("/devices")).text
    assert "No device has crashed yet" in (await client.get("/devices?loops=yes")).text
    assert (await client.get("/api/v1/devices")).json() == {"items": [], "next": None}
