"""The Firmware pages, on both databases."""

import pytest
from httpx import AsyncClient
from redis.asyncio import Redis
from support.console import SignIn

from analyzer.firmware import find_firmware
from console.firmware.indexing import upload_file, upload_folder
from console.people.roles import Role
from console.web.services import Services
from tests.console.firmware.conftest import BUILD_ID, ELF, AddCrashes, AddFirmware

pytestmark = pytest.mark.services

HOSTILE = "<script>alert(1)</script>"


def form(token: str, *files: tuple[str, bytes], **fields: str) -> dict[str, object]:
    """A multipart form with the token first, as the page sends it."""
    parts: list[tuple[str, object]] = [("csrf", (None, token))]
    parts += [("file", file) for file in files]
    parts += [(name, (None, text)) for name, text in fields.items()]
    return {"files": parts}


async def token_of(client: AsyncClient) -> str:
    """The token as a form carries it; the header goes."""
    return client.headers.pop("X-CSRF-Token")


async def test_an_empty_console_says_what_to_do(client: AsyncClient, sign_in: SignIn) -> None:
    assert (await client.get("/firmware")).headers["Location"].startswith("/sign-in")
    await sign_in(Role.VIEWER)
    page = (await client.get("/firmware")).text
    assert "No firmware yet" in page
    assert "faultcast firmware add" in page
    assert 'type="file"' not in page


async def test_a_form_without_scripts_takes_files(services: Services, client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ENGINEER)
    token = await token_of(client)
    elf = ELF.read_bytes()
    answer = await client.post("/firmware", **form(token, ("a.elf", elf), ("b.elf", elf), version="1.5"))  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["Location"]) == (303, "/firmware")
    items = (await client.get("/api/v1/firmware")).json()["items"]
    assert [(each["file_name"], each["version"], each["state"]) for each in items] == [
        ("b.elf", "1.5", "indexing"),
        ("a.elf", "1.5", "indexing"),
    ]
    assert upload_file(services.settings, items[0]["number"]).read_bytes() == elf
    page = (await client.get("/firmware")).text
    assert "every 1s" in page
    assert "<progress" in page


@pytest.mark.parametrize(
    ("files", "token", "status", "words"),
    [
        ([("a.elf", b"MZ")], None, 422, "no ELF file"),
        ([], None, 422, "no file was chosen"),
        ([("", b"")], None, 422, "no file was chosen"),
        ([("a.elf", b"\x7fELF")], "wrong", 403, "reload the page"),
        ([("a.elf", b"\x7fELF")], "", 403, "reload the page"),
    ],
)
async def test_what_the_form_may_not_is_said(
    *,
    services: Services,
    client: AsyncClient,
    sign_in: SignIn,
    files: list[tuple[str, bytes]],
    token: str | None,
    status: int,
    words: str,
) -> None:
    await sign_in(Role.ENGINEER)
    right = await token_of(client)
    answer = await client.post("/firmware", **form(right if token is None else token, *files))  # type: ignore[arg-type]
    assert answer.status_code == status
    assert words in answer.text
    assert list(upload_folder(services.settings).glob("*")) == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"a=b", "application/x-www-form-urlencoded"),
        (b"", "multipart/form-data"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data; name=csrf\r\n\r\nabc", "multipart/form-data; boundary=x"),
        (b"nothing of the kind", "multipart/form-data; boundary=x"),
    ],
)
async def test_a_body_that_is_no_form_is_refused(
    client: AsyncClient, sign_in: SignIn, content: bytes, kind: str
) -> None:
    await sign_in(Role.ENGINEER)
    answer = await client.post("/firmware", content=content, headers={"Content-Type": kind})
    assert answer.status_code in (403, 422)


async def test_whoever_only_looks_sends_no_form(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.VIEWER)
    answer = await client.post("/firmware", **form(await token_of(client), ("a.elf", b"\x7fELF")))  # type: ignore[arg-type]
    assert answer.status_code == 403


async def test_the_list_and_what_is_missing_are_shown_and_stay_text(
    client: AsyncClient, sign_in: SignIn, add_firmware: AddFirmware, add_crashes: AddCrashes
) -> None:
    await add_firmware(name=HOSTILE, version="1.4")
    await add_crashes(1, build_id=BUILD_ID)
    await add_crashes(2, build_id="bb", revision=3, version=HOSTILE, fingerprint="2-x")
    await add_crashes(3, build_id="00", revision=3, fingerprint="2-y")
    await add_crashes(4, build_id="", revision=3, fingerprint="2-z")
    await sign_in(Role.ENGINEER)
    page = (await client.get("/firmware")).text
    assert HOSTILE not in page
    for text in (
        "&lt;script&gt;",
        BUILD_ID[:16],
        "ready",
        "Missing",
        "/firmware/link?build=bb",
        "no file can fit",
        "ada",
    ):
        assert text in page
    assert "every 1s" not in page
    assert "No firmware fits" in (await client.get("/firmware", params={"q": "nothing like it"})).text
    assert "<html" not in (await client.get("/firmware/list")).text
    assert "/firmware/link?build=bb" in (await client.get("/firmware/missing")).text


async def test_to_link_a_build_one_looks_at_its_newest_crash(
    client: AsyncClient, sign_in: SignIn, add_crashes: AddCrashes
) -> None:
    await add_crashes(1, 2, build_id="bb", revision=3)
    await sign_in(Role.ENGINEER)
    answer = await client.get("/firmware/link", params={"build": "bb"})
    assert answer.headers["Location"] == "/crashes/00000000-0000-0000-0000-000000000003/link?for=build"
    for build in ("cc", "", HOSTILE, "a\0b"):
        assert (await client.get("/firmware/link", params={"build": build})).status_code == 404


async def test_without_redis_the_list_is_there(
    services: Services, client: AsyncClient, sign_in: SignIn, add_firmware: AddFirmware, add_crashes: AddCrashes
) -> None:
    await add_firmware()
    await add_crashes(1, build_id="bb", revision=3)
    await sign_in()
    object.__setattr__(services, "redis", Redis.from_url("redis://127.0.0.1:1/0", protocol=2))
    page = await client.get("/firmware")
    assert page.status_code == 200
    assert "cannot be told now" in page.text
    await services.redis.aclose()


async def test_one_firmware_is_shown_and_changed(
    client: AsyncClient, sign_in: SignIn, add_firmware: AddFirmware, add_crashes: AddCrashes
) -> None:
    number = await add_firmware(version="1.0")
    await add_crashes(1, build_id=BUILD_ID)
    await sign_in(Role.ENGINEER)
    facts = {"name": HOSTILE, "version": "1.1", "board": "", "source_url": "https://git.example.com/{file}#L{line}"}
    token = await token_of(client)
    answer = await client.post(f"/firmware/{number}", data=facts)
    assert answer.status_code == 403
    answer = await client.post(f"/firmware/{number}", data={**facts, "csrf": token})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/firmware/{number}?saved")
    page = (await client.get(f"/firmware/{number}?saved")).text
    for text in ("Saved.", BUILD_ID, "https://git.example.com/src/sensor.c#L41", "1 crash", "&lt;script&gt;"):
        assert text in page
    assert HOSTILE not in page
    answer = await client.post(f"/firmware/{number}", data={"source_url": "ftp://x/{file}", "csrf": token})
    assert answer.status_code == 422
    preview = await client.get(f"/firmware/{number}/preview", params={"source_url": "https://x/{file}"})
    assert "https://x/src/sensor.c" in preview.text
    preview = await client.get(f"/firmware/{number}/preview", params={"source_url": HOSTILE})
    assert "of braces, quotes" in preview.text


async def test_a_viewer_sees_no_buttons_and_is_refused(
    client: AsyncClient, sign_in: SignIn, add_firmware: AddFirmware
) -> None:
    number = await add_firmware()
    await sign_in(Role.VIEWER)
    page = (await client.get(f"/firmware/{number}")).text
    assert "Delete" not in page
    assert "<form method" not in page.replace('<form method="post" action="/sign-out">', "").replace(
        '<form method="dialog">', ""
    )
    assert (await client.get(f"/firmware/{number}/delete")).status_code == 403
    for path in ("", "/delete", "/unlink"):
        assert (await client.post(f"/firmware/{number}{path}", data={"build_id": "ab"})).status_code == 403


async def test_deleting_says_first_what_needs_it(
    services: Services, client: AsyncClient, sign_in: SignIn, add_firmware: AddFirmware, add_crashes: AddCrashes
) -> None:
    number = await add_firmware()
    await add_crashes(1, 2, build_id=BUILD_ID)
    await sign_in(Role.ENGINEER)
    await client.put("/api/v1/firmware/links/abcdef", json={"to": BUILD_ID})
    page = (await client.get(f"/firmware/{number}/delete")).text
    for text in ("2 crashes", "1 build linked", "abcdef", "stay as they are"):
        assert text in page
    answer = await client.post(f"/firmware/{number}/unlink", data={"build_id": "abcdef"})
    assert answer.status_code == 303
    assert "abcdef" not in (await client.get(f"/firmware/{number}")).text
    answer = await client.post(f"/firmware/{number}/delete")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/firmware")
    assert find_firmware(services.store, BUILD_ID) is None
    assert (await client.get(f"/firmware/{number}")).status_code == 404
    assert (await client.get(f"/firmware/{2**63}")).status_code == 422
