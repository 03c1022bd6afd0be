"""The pages about accounts and the audit log, in the application as a whole, on both databases."""

import html
import re

import pytest
from httpx import AsyncClient, Response
from support.console import PASSWORD, SignIn

from console.people.accounts import create_account
from console.people.audit import write_entry
from console.people.password import NewPassword
from console.people.roles import Role
from console.web.services import Services

HOSTILE = "<script>alert('\"&')</script>"


async def number_of(client: AsyncClient, name: str) -> int:
    return next(each["id"] for each in (await client.get("/api/v1/accounts")).json() if each["name"] == name)


def value(answer: Response, label: str) -> str:
    """Of the read-only field with a label."""
    found = re.search(rf'value="([^"]*)" readonly aria-label="{label}"', answer.text)
    assert found is not None, answer.text
    return html.unescape(found[1])


@pytest.mark.parametrize("path", ["/account", "/people", "/people/1", "/audit", "/audit?account=x"])
async def test_who_is_not_signed_in_is_sent_to_sign_in(client: AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=%2F")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ENGINEER])
async def test_people_and_the_log_are_for_admins(client: AsyncClient, sign_in: SignIn, role: Role) -> None:
    await sign_in(role)
    page = await client.get("/account")
    assert page.status_code == 200
    assert 'href="/people"' not in page.text
    for answer in (
        await client.get("/people"),
        await client.get("/people/1"),
        await client.get("/audit"),
        await client.get("/api/v1/audit/export"),
        await client.post("/people", data={"name": "x", "role": "admin"}),
        await client.post("/people/1/role", data={"role": "admin"}),
        await client.post("/people/1/delete"),
        await client.delete("/api/v1/accounts/1"),
    ):
        assert answer.status_code == 403


async def test_every_form_needs_the_token_of_its_session(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ADMIN)
    client.headers.pop("X-CSRF-Token")
    for path in ("/account/sessions/end", "/account/tokens", "/account/tokens/1/revoke", "/people", "/people/1/role"):
        assert (await client.post(path, data={"role": "viewer"})).status_code == 403
    for change in ("disable", "enable", "delete", "password"):
        assert (await client.post(f"/people/1/{change}")).status_code == 403


async def test_a_token_is_made_shown_once_and_revoked(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ENGINEER)
    assert "No tokens yet" in (await client.get("/account")).text
    made = await client.post("/account/tokens", data={"name": HOSTILE, "scopes": ["read", "upload"], "days": "never"})
    token = value(made, "The token")
    assert made.headers["cache-control"] == "no-store"
    assert HOSTILE not in made.text
    page = (await client.get("/account")).text
    assert token not in page
    assert html.escape(HOSTILE) in page.replace("&#39;", "&#x27;").replace("&#34;", "&quot;")
    assert "never ends" in page
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await client.get("/api/v1/me", headers=bearer)).json()["scopes"] == ["read", "upload"]
    number = (await client.get("/api/v1/tokens")).json()[0]["id"]
    assert (await client.post(f"/account/tokens/{number}/revoke")).headers["location"] == "/account#tokens"
    assert (await client.get("/api/v1/me", headers=bearer)).status_code == 401
    assert (await client.post(f"/account/tokens/{number}/revoke")).status_code == 404


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"name": "x"},
        {"name": "", "scopes": ["read"]},
        {"name": "x" * 101, "scopes": ["read"]},
        {"name": "a\0b", "scopes": ["read"]},
        {"name": "x", "scopes": ["root"]},
        {"name": "x", "scopes": ["read"], "days": "0"},
        {"name": "x", "scopes": ["read"], "days": "x"},
    ],
)
async def test_a_token_that_cannot_be_is_refused_on_the_page(
    client: AsyncClient, sign_in: SignIn, form: dict[str, str]
) -> None:
    await sign_in()
    answer = await client.post("/account/tokens", data=form)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert (await client.get("/api/v1/tokens")).json() == []


async def test_signing_out_everywhere_leaves_this_session(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in()
    other = client.cookies["faultcast"]
    client.cookies.clear()
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    await client.post("/sign-in", data={"name": "viewer", "password": PASSWORD}, headers={"User-Agent": agent})
    client.headers["X-CSRF-Token"] = (await client.get("/api/v1/me")).json()["csrf"]
    page = (await client.get("/account")).text
    assert "Firefox on Linux" in page
    assert page.count("this one") == 1
    listed = (await client.get("/api/v1/sessions")).json()
    assert [each["current"] for each in listed] == [True, False]
    assert (await client.post("/account/sessions/end")).headers["location"] == "/account"
    assert len((await client.get("/api/v1/sessions")).json()) == 1
    client.cookies.clear()
    client.cookies.set("faultcast", other)
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_an_admin_adds_somebody_who_then_signs_in(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ADMIN)
    assert (await client.get("/people")).status_code == 200
    made = await client.post("/people", data={"name": " jane ", "role": "engineer"})
    password = value(made, "The one-time password")
    assert password not in (await client.get("/people")).text
    assert "one-time password" in (await client.get("/people")).text
    again = await client.post("/people", data={"name": "jane", "role": "viewer"})
    assert again.status_code == 409
    assert "there is an account" in again.text
    client.cookies.clear()
    answer = await client.post("/sign-in", data={"name": "jane", "password": password})
    assert answer.headers["location"] == "/password"
    assert (await client.get("/account")).headers["location"] == "/password"


@pytest.mark.parametrize("name", ["", "  ", "x" * 129, "a\nb", "\0"])
async def test_a_name_that_is_none_is_told_in_the_form(client: AsyncClient, sign_in: SignIn, name: str) -> None:
    await sign_in(Role.ADMIN)
    answer = await client.post("/people", data={"name": name, "role": "viewer"})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


async def test_an_admin_changes_somebody(services: Services, client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ADMIN)
    async with services.database.writing() as session:
        made = await create_account(session, HOSTILE, Role.VIEWER, 0, password=NewPassword("x"))
    path = f"/people/{made.id}"
    page = await client.get(path)
    assert HOSTILE not in page.text
    assert "Disable this account" in page.text
    assert (await client.post(f"{path}/role", data={"role": "engineer"})).headers["location"] == path
    assert (await client.post(f"{path}/role", data={"role": "root"})).status_code == 422
    assert (await client.post(f"{path}/disable")).headers["location"] == path
    page = (await client.get(path)).text
    assert "Let in again" in page
    assert "Disable this account" not in page
    assert (await client.post(f"{path}/enable")).status_code == 303
    assert len(value(await client.post(f"{path}/password"), "The one-time password")) == 23
    assert (await client.post(f"{path}/delete")).headers["location"] == "/people"
    assert (await client.get(path)).status_code == 404
    assert (await client.post(f"{path}/delete")).status_code == 404
    assert (await client.post("/people/1/rename")).status_code == 404
    actions = [each["action"] for each in (await client.get("/api/v1/audit")).json()["items"]]
    wanted = ["delete", "password", "enable", "disable", "role"]
    assert actions == [*(f"account.{each}" for each in wanted), "sign-in"]


@pytest.mark.parametrize("change", ["disable", "delete", "role"])
async def test_the_page_says_why_the_last_admin_stays(client: AsyncClient, sign_in: SignIn, change: str) -> None:
    await sign_in(Role.ADMIN)
    number = await number_of(client, "admin")
    answer = await client.post(f"/people/{number}/{change}", data={"role": "viewer"})
    assert answer.status_code == 409
    assert "is the only admin: make somebody else one first." in answer.text
    assert (await client.delete(f"/api/v1/accounts/{number}")).status_code == 409


async def test_deleting_somebody_ends_their_sessions_and_tokens(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ENGINEER)
    token = (await client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["read"]})).json()["token"]
    old = client.cookies["faultcast"]
    await sign_in(Role.ADMIN)
    assert (await client.delete(f"/api/v1/accounts/{await number_of(client, 'engineer')}")).status_code == 204
    client.cookies.clear()
    assert (await client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})).status_code == 401
    client.cookies.set("faultcast", old)
    assert (await client.get("/api/v1/me")).status_code == 401


async def fill(services: Services, count: int) -> None:
    async with services.database.writing() as session:
        for number in range(count):
            who = ("ada", "ada (ci)", "ada%", "bob")[number % 4]
            await write_entry(
                session, who, f"thing.{number % 2}", f"={number}", detail=HOSTILE, now_ms=number * 86_400_000
            )


async def test_the_log_is_read_page_by_page(services: Services, client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ADMIN)
    await fill(services, 150)
    first = await client.get("/audit")
    assert HOSTILE not in first.text
    assert first.text.count("<tr>") == 101
    older = re.search(r'href="(/audit\?cursor=\d+)" rel="next"', first.text)
    assert older is not None
    second = (await client.get(older[1])).text
    assert second.count("<tr>") == 52
    assert 'rel="next"' not in second
    assert "sign-in" in second


async def test_the_log_is_filtered(services: Services, client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ADMIN)
    await fill(services, 20)

    async def rows(**query: str) -> int:
        listed = (await client.get("/api/v1/audit", params=query)).json()["items"]
        page = (await client.get("/audit", params=query)).text
        assert page.count("<tr>") == (len(listed) + 1 if listed else 0)
        return len(listed)

    assert await rows(account="ada") == 10
    assert await rows(account="ada%") == 5
    assert await rows(account="bob", action="thing.1") == 5
    assert await rows(account="bob", action="thing.0") == 0
    assert await rows(since="1970-01-10", until="1970-01-12") == 2
    assert await rows(since="1h") == 1
    for query in ({"since": "yesterday"}, {"cursor": "x"}, {"account": "a\0b"}, {"until": "9999-12-31T23:59:59-20:00"}):
        assert (await client.get("/audit", params=query)).status_code == 422


async def test_the_log_goes_into_a_spreadsheet_as_text(
    services: Services, client: AsyncClient, sign_in: SignIn
) -> None:
    await sign_in(Role.ADMIN)
    await fill(services, 3)
    answer = await client.get("/api/v1/audit/export", params={"action": "thing.0"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = answer.text.splitlines()
    assert lines[0] == "time,account,action,subject,detail,address"
    assert lines[1].startswith("1970-01-03T00:00:00.000Z,ada%,thing.0,'=2,")
    assert len(lines) == 3
