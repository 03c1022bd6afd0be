"""Tokens, accounts and the audit log over the API, on both databases."""

import pytest
from httpx import AsyncClient
from sqlalchemy import update
from support.console import SignIn

from console.database.tables import Token
from console.people.roles import Role
from console.web.services import Services


async def make_token(client: AsyncClient, *scopes: str, **more: object) -> str:
    answer = await client.post("/api/v1/tokens", json={"name": "ci", "scopes": scopes, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["token"]


async def status(client: AsyncClient, token: str, path: str = "/api/v1/me", method: str = "GET") -> int:
    """Of a request with nothing but the token."""
    client.cookies.clear()
    client.headers.pop("X-CSRF-Token", None)
    return (await client.request(method, path, headers={"Authorization": f"Bearer {token}"})).status_code


async def test_a_token_is_shown_once_and_works(services: Services, client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ENGINEER)
    token = await make_token(client, "read")
    assert token.startswith("fc_")
    listed = (await client.get("/api/v1/tokens")).json()
    assert [(each["hint"], each["scopes"], each["used"]) for each in listed] == [(token[:8], ["read"], None)]
    assert token not in str(listed)
    client.cookies.clear()
    answer = await client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.json() == {
        "name": "engineer",
        "role": "engineer",
        "scopes": ["read"],
        "csrf": "",
        "must_change": False,
    }
    async with services.database.reading() as session:
        used = await session.get(Token, listed[0]["id"])
        assert used is not None
        assert used.used_ms is not None


async def test_a_token_opens_no_pages(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ADMIN)
    assert await status(client, await make_token(client, "admin"), "/password") == 303


@pytest.mark.parametrize("token", ["", "fc_wrong", "Basic x", "ä"])
async def test_without_a_valid_token_the_answer_says_what_is_needed(client: AsyncClient, token: str) -> None:
    answer = await client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}".encode()})
    assert answer.status_code == 401
    assert answer.json()["code"] == "sign-in-needed"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_scopes_and_roles_are_both_needed(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ADMIN)
    read, admin = await make_token(client, "read"), await make_token(client, "admin")
    assert await status(client, admin, "/api/v1/accounts") == 200
    assert await status(client, read, "/api/v1/accounts") == 403
    assert await status(client, read, "/api/v1/tokens", "POST") == 403
    await sign_in(Role.ENGINEER)
    assert await status(client, await make_token(client, "admin"), "/api/v1/accounts") == 403


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ENGINEER])
async def test_others_than_admins_leave_people_alone(client: AsyncClient, sign_in: SignIn, role: Role) -> None:
    await sign_in(role)
    for answer in (
        await client.get("/api/v1/accounts"),
        await client.post("/api/v1/accounts", json={"name": "x"}),
        await client.patch("/api/v1/accounts/1", json={"role": "admin"}),
        await client.post("/api/v1/accounts/1/password"),
        await client.get("/api/v1/audit"),
    ):
        assert answer.status_code == 403
        assert answer.json()["code"] == "not-allowed"


async def test_a_token_that_ended_or_was_revoked_is_none(
    services: Services, client: AsyncClient, sign_in: SignIn
) -> None:
    await sign_in()
    ended, revoked = await make_token(client, "read"), await make_token(client, "read", days=None)
    newest = (await client.get("/api/v1/tokens")).json()[0]
    assert newest["expires"] is None
    assert (await client.delete(f"/api/v1/tokens/{newest['id']}")).status_code == 204
    assert (await client.delete(f"/api/v1/tokens/{newest['id']}")).status_code == 404
    async with services.database.writing() as session:
        await session.execute(update(Token).values(expires_ms=1))
    assert await status(client, ended) == 401
    assert await status(client, revoked) == 401


async def test_nobody_revokes_the_token_of_somebody_else(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.VIEWER, "one")
    await make_token(client, "read")
    number = (await client.get("/api/v1/tokens")).json()[0]["id"]
    await sign_in(Role.ADMIN, "two")
    assert (await client.delete(f"/api/v1/tokens/{number}")).status_code == 404


async def test_an_admin_makes_and_changes_accounts(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ADMIN)
    made = (await client.post("/api/v1/accounts", json={"name": "<b>jane</b>", "role": "engineer"})).json()
    path = f"/api/v1/accounts/{made['id']}"
    assert (await client.post("/api/v1/accounts", json={"name": "<b>jane</b>"})).status_code == 409
    assert (await client.patch(path, json={"role": "admin"})).json()["role"] == "admin"
    assert (await client.patch(path, json={"role": "viewer", "disabled": True})).json()["disabled"] is True
    assert (await client.post(f"{path}/password")).json()["password"] != made["password"]
    first = (await client.get("/api/v1/audit", params={"limit": 2})).json()
    assert [entry["action"] for entry in first["items"]] == ["account.password", "account.disable"]
    rest = (await client.get("/api/v1/audit", params={"cursor": first["next"], "account": "admin"})).json()
    actions = ["account.role", "account.role", "account.create", "sign-in"]
    assert [entry["action"] for entry in rest["items"]] == actions
    assert rest["next"] is None


async def test_the_last_admin_stays_one(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ADMIN)
    own = (await client.get("/api/v1/accounts")).json()[0]["id"]
    for change in ({"role": "viewer"}, {"disabled": True}):
        answer = await client.patch(f"/api/v1/accounts/{own}", json=change)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize("name", ["", "   ", "a\0b", "a\nb", "x" * 129])
async def test_a_name_that_is_none_is_refused(client: AsyncClient, sign_in: SignIn, name: str) -> None:
    await sign_in(Role.ADMIN)
    assert (await client.post("/api/v1/accounts", json={"name": name})).status_code == 422


@pytest.mark.parametrize("number", ["0", "-1", "9223372036854775808", "x"])
async def test_a_number_that_no_database_knows_is_refused(client: AsyncClient, sign_in: SignIn, number: str) -> None:
    await sign_in(Role.ADMIN)
    assert (await client.patch(f"/api/v1/accounts/{number}", json={})).status_code == 422
