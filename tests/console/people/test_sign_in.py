"""Signing in and out in the application as a whole, on both databases."""

import re

import pytest
from httpx import AsyncClient
from sqlalchemy import select, update
from support.console import PASSWORD, SignIn

from console.database.tables import Account, AuditEntry
from console.database.tables import SignIn as SignInRow
from console.people import accounts
from console.people.login_rate import LoginRate
from console.people.roles import Role
from console.web.errors import TooManyRequests
from console.web.services import Services


async def post(client: AsyncClient, name: str, password: str, **more: str) -> tuple[int, str]:
    answer = await client.post("/sign-in", data={"name": name, "password": password, **more})
    return answer.status_code, answer.headers.get("location", "")


async def test_the_first_admin_sets_a_password_before_anything_else(services: Services, client: AsyncClient) -> None:
    made = await accounts.create_first_account(services.database, 0)
    assert made is not None
    assert await accounts.create_first_account(services.database, 0) is None
    name, once = made
    assert await post(client, name, once) == (303, "/password")
    assert (await client.get("/api/v1/accounts")).json()["code"] == "password-must-change"
    page = (await client.get("/password")).text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf is not None
    form = {"csrf": csrf[1], "current": once, "password": PASSWORD, "again": PASSWORD}
    assert (await client.post("/password", data=form | {"again": "x"})).status_code == 422
    assert (await client.post("/password", data=form | {"password": "short", "again": "short"})).status_code == 422
    assert (await client.post("/password", data=form | {"current": "x"})).status_code == 422
    changed = await client.post("/password", data=form)
    assert (changed.status_code, changed.headers["location"]) == (303, "/")
    assert (await client.get("/api/v1/accounts")).status_code == 200
    client.cookies.clear()
    assert (await post(client, name, once))[0] == 401
    assert await post(client, name, PASSWORD) == (303, "/")


async def test_the_cookie_is_out_of_reach_and_unknown_to_the_database(
    services: Services, client: AsyncClient, sign_in: SignIn
) -> None:
    await sign_in()
    client.cookies.clear()
    answer = await client.post("/sign-in", data={"name": "viewer", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    secret = client.cookies["faultcast"]
    async with services.database.reading() as session:
        assert secret not in (await session.scalars(select(SignInRow.digest))).all()


async def test_behind_tls_the_cookie_belongs_to_this_host_only(
    services: Services, client: AsyncClient, sign_in: SignIn
) -> None:
    await sign_in()
    object.__setattr__(services.settings, "console_url", "https://console.test")
    answer = await client.post("/sign-in", data={"name": "viewer", "password": PASSWORD})
    assert answer.headers["set-cookie"].startswith("__Host-faultcast=")
    assert "Secure" in answer.headers["set-cookie"]


async def test_a_wrong_name_and_a_wrong_password_look_the_same(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in()
    client.cookies.clear()
    wrong = await client.post("/sign-in", data={"name": "viewer", "password": "x"})
    unknown = await client.post("/sign-in", data={"name": "reviev", "password": "x"})
    odd = await client.post("/sign-in", data={"name": "\0", "password": "x"})
    assert wrong.status_code == unknown.status_code == odd.status_code == 401
    assert wrong.text.replace("viewer", "reviev") == unknown.text


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example"])
async def test_signing_in_leads_to_no_other_host(client: AsyncClient, sign_in: SignIn, target: str) -> None:
    await sign_in()
    client.cookies.clear()
    assert await post(client, "viewer", PASSWORD, next=target) == (303, "/")
    assert (await client.get("/sign-in", params={"next": target})).headers["location"] == "/"


async def test_signing_in_leads_back(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in()
    client.cookies.clear()
    assert await post(client, "viewer", PASSWORD, next="/groups?q=a") == (303, "/groups?q=a")


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
async def test_another_site_cannot_sign_anybody_in(
    client: AsyncClient, sign_in: SignIn, headers: dict[str, str]
) -> None:
    await sign_in()
    client.cookies.clear()
    answer = await client.post("/sign-in", data={"name": "viewer", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403
    assert not client.cookies


async def test_guessing_is_slowed_down(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in()
    client.cookies.clear()
    answers = [await client.post("/sign-in", data={"name": "Viewer ", "password": "x"}) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 300
    assert (await post(client, "viewer", PASSWORD))[0] == 429


async def test_a_network_of_addresses_is_one_who_tries() -> None:
    rate = LoginRate()
    for number in range(30):
        await rate.require(f"2001:db8::{number}", f"name {number}")
    with pytest.raises(TooManyRequests):
        await rate.require("2001:db8::ffff", "another")
    await rate.require("2001:db8:0:1::1", "another")
    await rate.require("::ffff:192.0.2.1", "another")
    await rate.require("::ffff:192.0.2.2", "another")


async def test_a_session_ends_when_nobody_uses_it(services: Services, client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in()
    assert (await client.get("/api/v1/me")).status_code == 200
    async with services.database.writing() as session:
        old = SignInRow.used_ms - services.settings.session_hours * 3_600_000
        await session.execute(update(SignInRow).values(used_ms=old))
    answer = await client.get("/api/v1/me")
    assert answer.status_code == 401
    assert (await client.get("/password")).headers["location"] == "/sign-in?next=%2Fpassword"


async def test_use_lets_a_session_live_on(services: Services, client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in()
    async with services.database.writing() as session:
        await session.execute(update(SignInRow).values(used_ms=SignInRow.used_ms - 3_600_000))
        before = await session.scalar(select(SignInRow.used_ms))
    await client.get("/api/v1/me")
    async with services.database.reading() as session:
        after = await session.scalar(select(SignInRow.used_ms))
    assert before is not None
    assert after is not None
    assert after > before


async def test_signing_out_ends_the_session_and_not_only_the_cookie(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in()
    cookie = client.cookies["faultcast"]
    assert (await client.post("/sign-out")).headers["location"] == "/sign-in"
    client.cookies.set("faultcast", cookie)
    assert (await client.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize("given", ["", "wrong", "ä"])
async def test_an_unsafe_request_needs_the_token_of_its_session(
    client: AsyncClient, sign_in: SignIn, given: str
) -> None:
    await sign_in()
    client.headers.pop("X-CSRF-Token")
    for answer in (
        await client.post("/sign-out", headers={"X-CSRF-Token": given.encode()}),
        await client.post("/sign-out", data={"csrf": given}),
        await client.post("/sign-out", files={"csrf": given.encode()}),
        await client.post("/api/v1/tokens", json={"name": "x", "scopes": ["read"]}),
    ):
        assert answer.status_code == 403
    assert (await client.post("/api/v1/tokens", json={"name": "x", "scopes": ["read"]})).json()["code"] == "csrf"
    assert (await client.get("/api/v1/me")).status_code == 200


async def test_a_disabled_account_is_out_at_once(services: Services, client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in()
    async with services.database.writing() as session:
        await session.execute(update(Account).values(disabled=True))
    assert (await client.get("/api/v1/me")).status_code == 401
    client.cookies.clear()
    assert (await post(client, "viewer", PASSWORD))[0] == 401


async def test_a_changed_password_ends_the_other_sessions(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in()
    first = client.cookies["faultcast"]
    client.cookies.clear()
    await post(client, "viewer", PASSWORD)
    client.headers["X-CSRF-Token"] = (await client.get("/api/v1/me")).json()["csrf"]
    form = {"current": PASSWORD, "password": "other words do well", "again": "other words do well"}
    assert (await client.post("/password", data=form)).headers["location"] == "/account"
    assert (await client.get("/api/v1/me")).status_code == 200
    client.cookies.clear()
    client.cookies.set("faultcast", first)
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_an_outdated_hash_is_made_again(services: Services, client: AsyncClient, sign_in: SignIn) -> None:
    import argon2  # noqa: PLC0415 - only here

    await sign_in()
    old = argon2.PasswordHasher(time_cost=2, memory_cost=512).hash(PASSWORD)
    async with services.database.writing() as session:
        await session.execute(update(Account).values(password=old))
    client.cookies.clear()
    assert (await post(client, "viewer", PASSWORD))[0] == 303
    async with services.database.reading() as session:
        assert await session.scalar(select(Account.password)) != old


async def test_what_happened_is_written_down(services: Services, client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ADMIN)
    await client.post("/sign-in", data={"name": "no\nbody", "password": "x"})
    async with services.database.reading() as session:
        found = (await session.execute(select(AuditEntry.action, AuditEntry.account, AuditEntry.subject))).all()
    assert [tuple(row) for row in found] == [("sign-in", "admin", ""), ("sign-in.refused", "", "no?body")]
