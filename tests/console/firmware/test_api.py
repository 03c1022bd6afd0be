"""Firmware for programs, on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import AsyncClient
from redis.asyncio import Redis
from support.console import SignIn

from analyzer.firmware import find_firmware, park
from console.firmware.indexing import upload_file, upload_folder
from console.people.roles import Role
from console.web.services import Services
from contract.records import DumpItem
from tests.console.firmware.conftest import BUILD_ID, ELF, AddCrashes, AddFirmware

pytestmark = pytest.mark.services

API = "/api/v1/firmware"
LOST = "0123456789"
HOSTILE = "<script>alert(1)</script>\"'"


async def test_a_file_is_taken_and_waits_for_its_index(
    services: Services, client: AsyncClient, sign_in: SignIn
) -> None:
    await sign_in(Role.ENGINEER)
    answer = await client.post(
        API, content=ELF.read_bytes(), params={"file_name": "C:\\fakepath\\zephyr.elf", "version": "1.4"}
    )
    assert answer.status_code == 202, answer.text
    facts = answer.json()
    assert (facts["state"], facts["file_name"], facts["version"]) == ("indexing", "zephyr.elf", "1.4")
    assert (facts["build_id"], facts["size"], facts["added_by"]) == (None, ELF.stat().st_size, "engineer")
    assert upload_file(services.settings, facts["number"]).read_bytes() == ELF.read_bytes()
    assert (await client.get(f"{API}/{facts['number']}")).json() == facts
    assert (await client.get(API)).json() == {"items": [facts], "next": None}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("/root/zephyr.elf", "zephyr.elf"),
        ("..\\..\\zephyr.elf", "zephyr.elf"),
        ("..", ".."),  # which is text, and names no file
        ("<script>.elf", "<script>.elf"),
    ],
)
async def test_a_name_leads_nowhere(
    *, services: Services, client: AsyncClient, sign_in: SignIn, tmp_path: Path, name: str, kept: str
) -> None:
    await sign_in(Role.ENGINEER)
    before = {file for file in tmp_path.rglob("*") if file.is_file()}
    answer = await client.post(API, content=ELF.read_bytes(), params={"file_name": name})
    assert (answer.status_code, answer.json()["file_name"]) == (202, kept)
    file = upload_file(services.settings, answer.json()["number"])
    written = {found for found in tmp_path.rglob("*") if found.is_file()} - before
    assert {found for found in written if not found.name.startswith("console.db")} == {file}
    page = await client.get(f"/firmware/{answer.json()['number']}")
    assert "<script>.elf" not in page.text


async def broken_off() -> AsyncIterator[bytes]:
    yield ELF.read_bytes()[:1000]


@pytest.mark.parametrize(
    ("content", "params", "status", "code"),
    [
        (b"MZ not an ELF file", {}, 422, "bad-firmware"),
        (b"", {}, 422, "bad-firmware"),
        (b"\x7fELF" + bytes(2 << 20), {}, 413, "limit"),
        (b"\x7fELF", {"version": "x" * 201}, 422, "input"),
        (b"\x7fELF", {"board": "a\nb"}, 422, "input"),
        (b"\x7fELF", {"board": "a\0b"}, 422, "input"),
    ],
)
async def test_what_cannot_be_taken_is_refused_and_leaves_nothing(
    *,
    services: Services,
    client: AsyncClient,
    sign_in: SignIn,
    content: bytes,
    params: dict[str, str],
    status: int,
    code: str,
) -> None:
    object.__setattr__(services.settings, "max_firmware_size", 1 << 20)
    await sign_in(Role.ENGINEER)
    answer = await client.post(API, content=content, params=params)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert list(upload_folder(services.settings).glob("*")) == []
    assert (await client.get(API)).json()["items"] == []


async def test_a_body_without_a_length_is_counted(services: Services, client: AsyncClient, sign_in: SignIn) -> None:
    object.__setattr__(services.settings, "max_firmware_size", 1 << 20)
    await sign_in(Role.ENGINEER)

    async def endless() -> AsyncIterator[bytes]:
        yield b"\x7fELF"
        for _ in range(100):
            yield bytes(1 << 16)

    answer = await client.post(API, content=endless())
    assert (answer.status_code, answer.json()["code"]) == (413, "limit")
    assert list(upload_folder(services.settings).glob("*")) == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", None),
        ("PATCH", "/1", {"name": "x"}),
        ("DELETE", "/1", None),
        ("PUT", f"/links/{LOST}", {"to": BUILD_ID}),
        ("DELETE", f"/links/{LOST}", None),
    ],
)
async def test_who_may_not_is_told(client: AsyncClient, sign_in: SignIn, method: str, path: str, body: object) -> None:
    assert (await client.request(method, API + path, json=body)).status_code == 401
    await sign_in(Role.VIEWER)
    assert (await client.request(method, API + path, json=body)).status_code == 403
    token = client.headers.pop("X-CSRF-Token")
    answer = await client.request(method, API + path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert token


async def test_a_token_that_may_upload_does_nothing_else(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ENGINEER)
    made = await client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["upload"]})
    client.cookies.clear()
    client.headers.pop("X-CSRF-Token")
    client.headers["Authorization"] = f"Bearer {made.json()['token']}"
    answer = await client.post(API, content=ELF.read_bytes())
    assert (answer.status_code, answer.json()["added_by"]) == (202, "engineer (ci)")
    # Who uploads may see what became of the upload.
    assert (await client.get(f"{API}/{answer.json()['number']}")).status_code == 200
    assert (await client.get(API)).status_code == 403
    assert (await client.delete(f"{API}/1")).status_code == 403


async def test_facts_are_changed_and_noted(client: AsyncClient, sign_in: SignIn, add_firmware: AddFirmware) -> None:
    number = await add_firmware(version="1.0", board="old")
    await sign_in(Role.ADMIN)
    source = "https://git.example.com/{file}#L{line}"
    answer = await client.patch(f"{API}/{number}", json={"name": HOSTILE, "source_url": source})
    facts = answer.json()
    assert (facts["name"], facts["version"], facts["board"], facts["source_url"]) == (HOSTILE, "1.0", "old", source)
    entry = (await client.get("/api/v1/audit")).json()["items"][0]
    assert (entry["action"], entry["subject"]) == ("firmware.change", BUILD_ID)
    for bad in ({"source_url": "javascript:alert(1)//{file}"}, {"name": "x" * 201}, {"board": "a\0"}):
        assert (await client.patch(f"{API}/{number}", json=bad)).status_code == 422
    assert (await client.patch(f"{API}/{number}", json={"source_url": ""})).json()["source_url"] == ""


@pytest.mark.parametrize("number", ["9", str(2**63 - 1)])
async def test_what_is_not_there_is_not_found(client: AsyncClient, sign_in: SignIn, number: str) -> None:
    await sign_in(Role.ENGINEER)
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/needs")):
        answer = await client.request(method, f"{API}/{number}{path}", json={} if method == "PATCH" else None)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert (await client.get(f"{API}/{2**63}")).status_code == 422
    assert (await client.delete(f"{API}/links/{LOST}")).status_code == 404


async def test_a_search_finds_by_what_is_known(client: AsyncClient, sign_in: SignIn, add_firmware: AddFirmware) -> None:
    first = await add_firmware(name="weather", version="1.4_2")
    second = await add_firmware("cortex-m/null-deref-Og", board="qemu_x86")
    await sign_in()

    async def found(text: str) -> list[int]:
        return [each["number"] for each in (await client.get(API, params={"q": text})).json()["items"]]

    assert await found("WEATHER") == [first]
    assert await found(BUILD_ID[:9]) == [first]
    assert await found("4_2") == [first]
    assert await found("4%2") == []
    assert await found("qemu") == [second]
    page = (await client.get(API, params={"limit": 1})).json()
    assert (page["items"][0]["number"], page["next"]) == (second, second)
    assert (await client.get(API, params={"cursor": second})).json()["items"][0]["number"] == first


async def test_what_is_needed_is_not_removed_by_accident(
    services: Services, client: AsyncClient, sign_in: SignIn, add_firmware: AddFirmware, add_crashes: AddCrashes
) -> None:
    number = await add_firmware()
    await add_crashes(1, 2, build_id=BUILD_ID)
    await sign_in(Role.ENGINEER)
    await client.put(f"{API}/links/{LOST}", json={"to": BUILD_ID})
    needs = (await client.get(f"{API}/{number}/needs")).json()
    assert (needs["crashes"], needs["linked"], needs["dumps"]) == (2, [LOST], 0)
    answer = await client.delete(f"{API}/{number}")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    answer = await client.delete(f"{API}/{number}", params={"force": True})
    assert answer.json()["freed"] > ELF.stat().st_size
    assert find_firmware(services.store, BUILD_ID) is None
    assert find_firmware(services.store, LOST) is None


async def test_a_link_stands_in_until_it_is_undone(
    services: Services, client: AsyncClient, sign_in: SignIn, redis: Redis, add_firmware: AddFirmware
) -> None:
    await add_firmware()
    item = DumpItem(event_id="e1", device="d1", sha256="ab" * 32, size=1, dump_id=b"x")
    await park(redis, services.settings, LOST, item)
    await sign_in(Role.ENGINEER)
    assert (await client.put(f"{API}/links/{LOST}", json={"to": BUILD_ID})).json() == {"released": 1}
    found = find_firmware(services.store, LOST)
    assert found is not None
    assert found.linked == BUILD_ID
    facts = (await client.get(API)).json()["items"][0]
    assert (facts["linked"], facts["aliases"]) == ([LOST], [])
    assert (await client.delete(f"{API}/links/{LOST}")).status_code == 204
    assert find_firmware(services.store, LOST) is None
    assert (await client.delete(f"{API}/links/{LOST}")).status_code == 404


@pytest.mark.parametrize(
    ("build_id", "to", "status"),
    [
        (BUILD_ID, BUILD_ID, 409),
        ("0000", BUILD_ID, 409),
        (LOST, "ffff", 404),
        (LOST, "FFFF", 422),
        ("xyz", "ffff", 422),
    ],
)
async def test_a_link_that_helps_nobody_is_refused(
    *, client: AsyncClient, sign_in: SignIn, add_firmware: AddFirmware, build_id: str, to: str, status: int
) -> None:
    await add_firmware()
    await sign_in(Role.ENGINEER)
    assert (await client.put(f"{API}/links/{build_id}", json={"to": to})).status_code == status


async def test_missing_builds_are_ranked_by_the_dumps_that_wait(
    services: Services, client: AsyncClient, sign_in: SignIn, redis: Redis, add_crashes: AddCrashes
) -> None:
    await add_crashes(1, 2, build_id="aa", revision=3, fingerprint="2-u1")
    await add_crashes(3, build_id="bb", revision=3, fingerprint="2-u2", version=HOSTILE)
    await add_crashes(4, 5, 6, build_id="0" * 40, revision=3, fingerprint="2-u3")
    await add_crashes(7, build_id="", revision=3, fingerprint="2-u4")
    for each in ("e1", "e2"):
        item = DumpItem(event_id=each, device="d1", sha256="ab" * 32, size=1, dump_id=b"x")
        await park(redis, services.settings, "bb", item)
    await sign_in()
    missing = (await client.get(f"{API}/missing")).json()
    assert [(each["build_id"], each["waiting"], each["crashes"]) for each in missing] == [
        ("bb", 2, 1),
        ("0" * 40, 0, 3),
        ("aa", 0, 2),
        ("", 0, 1),
    ]
    assert ["zeros" in each["warning"] for each in missing] == [False, True, False, False]
    assert "no build id" in missing[3]["warning"]
    assert missing[0]["last_crash"].startswith("2026-03-01")
