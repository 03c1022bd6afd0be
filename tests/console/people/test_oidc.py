"""Signing in at a provider that is there over HTTP, in the application as a whole, on both databases."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import httpx
import pytest
from httpx import ASGITransport, AsyncClient, Response
from joserfc import jwk
from sqlalchemy import select, update
from support.console import PASSWORD, app_over
from support.oidc_provider import CLIENT, SECRET, OidcProvider, running

from console.app import create_app
from console.database.tables import Account, AuditEntry
from console.database.tables import SignIn as SignInRow
from console.people import provider as provider_module
from console.people.accounts import create_account
from console.people.password import chosen_password
from console.people.roles import Role
from console.settings import ConsoleSettings
from console.web.services import Services

CONSOLE = "http://console.test"


@pytest.fixture
def oidc() -> Iterator[OidcProvider]:
    provider = OidcProvider()
    with running(provider):
        yield provider


@pytest.fixture
def services(services: Services, oidc: OidcProvider) -> Services:
    wanted = services.settings.model_dump() | {
        "console_url": CONSOLE,
        "oidc_issuer": oidc.issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "oidc_admins": "bosses",
        "oidc_engineers": "firmware",
    }
    return replace(services, settings=ConsoleSettings(**wanted, _env_file=None))


@pytest.fixture
async def client(services: Services) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(app_over(services)), base_url=CONSOLE) as client:
        yield client


async def go_there(client: AsyncClient, target: str = "/") -> str:
    """Leave for the provider; the address that it sends the browser back to."""
    left = await client.get("/sign-in/oidc", params={"next": target})
    assert left.status_code == 303, left.text
    async with httpx.AsyncClient() as outside:
        back = await outside.get(left.headers["location"])
    return back.headers["location"]


async def sign_in(client: AsyncClient, target: str = "/") -> Response:
    return await client.get(await go_there(client, target))


async def role(client: AsyncClient) -> str:
    return (await client.get("/api/v1/me")).json()["role"]


async def test_the_first_sign_in_makes_an_account(services: Services, client: AsyncClient, oidc: OidcProvider) -> None:
    assert "/sign-in/oidc?next=/" in (await client.get("/sign-in")).text
    answer = await sign_in(client, "/groups?q=a")
    assert (answer.status_code, answer.headers["location"]) == (303, "/groups?q=a")
    me = (await client.get("/api/v1/me")).json()
    assert (me["name"], me["role"], me["must_change"]) == ("ada", "viewer", False)
    assert "faultcast-oidc" not in client.cookies
    async with services.database.reading() as session:
        account = await session.scalar(select(Account))
    assert account is not None
    assert (account.subject, account.password) == (f"{oidc.issuer} 42", None)


async def test_there_is_no_password_to_sign_in_or_to_change(client: AsyncClient) -> None:
    await sign_in(client)
    csrf = {"X-CSRF-Token": (await client.get("/api/v1/me")).json()["csrf"]}
    form = {"current": "x", "password": PASSWORD, "again": PASSWORD}
    assert (await client.post("/password", data=form, headers=csrf)).status_code == 409
    assert "Change password" not in (await client.get("/account")).text
    client.cookies.clear()
    for password in ("", "None", PASSWORD):
        assert (await client.post("/sign-in", data={"name": "ada", "password": password})).status_code == 401


@pytest.mark.parametrize(
    ("groups", "wanted"),
    [
        (["bosses"], "admin"),
        (["firmware", "bosses"], "admin"),
        ("firmware", "engineer"),
        (["Bosses"], "viewer"),
        (None, "viewer"),
        ({"bosses": 1}, "viewer"),
    ],
)
async def test_the_claim_gives_the_role_at_each_sign_in(
    client: AsyncClient, oidc: OidcProvider, groups: object, wanted: str
) -> None:
    oidc.claims = {"groups": ["bosses"]}
    await sign_in(client)
    assert await role(client) == "admin"
    oidc.claims = {"groups": groups}
    await sign_in(client)
    assert await role(client) == wanted


async def test_an_admin_here_does_not_change_a_role_that_is_given(client: AsyncClient, oidc: OidcProvider) -> None:
    oidc.claims = {"groups": ["bosses"]}
    await sign_in(client)
    csrf = {"X-CSRF-Token": (await client.get("/api/v1/me")).json()["csrf"]}
    assert "says so at each sign-in" in (await client.get("/people/1")).text
    for answer in (
        await client.post("/people/1/role", data={"role": "viewer"}, headers=csrf),
        await client.patch("/api/v1/accounts/1", json={"role": "viewer"}, headers=csrf),
        await client.post("/people/1/password", headers=csrf),
    ):
        assert answer.status_code == 409


async def test_claims_may_be_told_apart_from_the_token(client: AsyncClient, oidc: OidcProvider) -> None:
    oidc.claims = {"preferred_username": None, "groups": None}
    oidc.userinfo = {"sub": "42", "preferred_username": "ada", "groups": ["firmware"], "iss": "somebody"}
    await sign_in(client)
    assert (await client.get("/api/v1/me")).json()["name"] == "ada"
    assert await role(client) == "engineer"


async def test_what_is_told_of_somebody_else_does_not_count(client: AsyncClient, oidc: OidcProvider) -> None:
    oidc.claims = {"groups": None}
    oidc.userinfo = {"sub": "43", "groups": ["bosses"]}
    await sign_in(client)
    assert await role(client) == "viewer"


async def test_a_renamed_person_stays_the_same_account(client: AsyncClient, oidc: OidcProvider) -> None:
    await sign_in(client)
    oidc.claims = {"preferred_username": "lovelace"}
    await sign_in(client)
    assert (await client.get("/api/v1/me")).json()["name"] == "ada"


@pytest.mark.parametrize("name", ["ada", " ada "])
async def test_the_name_of_a_local_account_is_not_taken_over(
    services: Services, client: AsyncClient, oidc: OidcProvider, name: str
) -> None:
    chosen = await chosen_password(PASSWORD, "ada")
    async with services.database.writing() as session:
        await create_account(session, "ada", Role.ADMIN, 0, password=chosen)
    oidc.claims = {"preferred_username": name}
    answer = await sign_in(client)
    assert answer.status_code == 403
    assert "there is another account called &#39;ada&#39; here" in answer.text
    assert (await client.get("/api/v1/me")).status_code == 401
    assert (await client.post("/sign-in", data={"name": "ada", "password": PASSWORD})).status_code == 303


async def test_a_disabled_account_is_refused_with_the_reason(services: Services, client: AsyncClient) -> None:
    await sign_in(client)
    async with services.database.writing() as session:
        await session.execute(update(Account).values(disabled=True))
    answer = await sign_in(client)
    assert answer.status_code == 403
    assert "disabled: ask an admin" in answer.text


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": []},
        {"aud": None},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"iss": "https://id.example"},
        {"iss": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"iat": None},
        {"nbf": 9_999_999_999},
        {"sub": None},
        {"sub": ""},
        {"sub": 42},
        {"sub": "x" * 256},
        {"at_hash": "AAAA"},
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused(
    client: AsyncClient, oidc: OidcProvider, claims: dict[str, object]
) -> None:
    oidc.claims = claims
    answer = await sign_in(client)
    assert answer.status_code == 403, answer.text
    assert 'role="alert"' in answer.text
    assert (await client.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
async def test_a_token_that_the_provider_did_not_sign_is_refused(
    client: AsyncClient, oidc: OidcProvider, algorithm: str
) -> None:
    await go_there(client)  # the keys are known
    oidc.header = {"alg": algorithm}
    oidc.metadata = {"id_token_signing_alg_values_supported": [algorithm]}
    answer = await sign_in(client)
    assert answer.status_code == 403
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_foreign_key_under_a_known_name_is_refused(client: AsyncClient, oidc: OidcProvider) -> None:
    await go_there(client)
    oidc.keys = [jwk.RSAKey.generate_key(2048, {"kid": "first"})]
    assert (await sign_in(client)).status_code == 403


async def test_a_newer_key_is_asked_for_and_not_again_and_again(
    client: AsyncClient, oidc: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in(client)
    await sign_in(client)
    assert oidc.asked == ["discovery", "keys"]
    oidc.keys.append(jwk.RSAKey.generate_key(2048, {"kid": "second"}))
    assert (await sign_in(client)).status_code == 403  # it was asked a moment ago
    assert oidc.asked == ["discovery", "keys"]
    monkeypatch.setattr(provider_module, "PAUSE_SECONDS", 0)
    assert (await sign_in(client)).status_code == 303
    assert oidc.asked == ["discovery", "keys"] * 2


async def test_who_did_not_leave_from_here_does_not_come_in(client: AsyncClient) -> None:
    """A link with the code of somebody else signs nobody in as them."""
    back = await go_there(client)
    cookie = client.cookies["faultcast-oidc"]
    client.cookies.clear()
    assert (await client.get(back)).status_code == 403
    client.cookies.set("faultcast-oidc", cookie[:-2] + "xx")
    assert (await client.get(back)).status_code == 403
    client.cookies.clear()
    await go_there(client)
    answer = await client.get(back)  # the cookie of another attempt
    assert answer.status_code == 403
    assert "another attempt" in answer.text
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_code_is_good_for_once(client: AsyncClient) -> None:
    back = await go_there(client)
    cookie = client.cookies["faultcast-oidc"]
    assert (await client.get(back)).status_code == 303
    client.cookies.set("faultcast-oidc", cookie, domain="console.test")
    answer = await client.get(back)
    assert answer.status_code == 403
    assert "invalid_grant" in answer.text


async def test_what_the_provider_refuses_is_said(services: Services, client: AsyncClient) -> None:
    state = (await go_there(client)).partition("state=")[2]
    answer = await client.get("/sign-in/oidc/callback", params={"error": "<b>denied</b>", "state": state})
    assert answer.status_code == 403
    assert "&lt;b&gt;denied" in answer.text
    async with services.database.reading() as session:
        found = (await session.scalars(select(AuditEntry.action))).all()
    assert found == ["sign-in.refused"]


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/sign-in/oidc"])
async def test_signing_in_leads_to_no_other_host(client: AsyncClient, target: str) -> None:
    assert (await sign_in(client, target)).headers["location"] == "/"


@pytest.mark.parametrize("metadata", [{"issuer": "https://id.example"}, {"token_endpoint": None}, {"jwks_uri": 7}])
async def test_a_provider_that_is_none_is_told(
    client: AsyncClient, oidc: OidcProvider, metadata: dict[str, object]
) -> None:
    oidc.metadata = metadata
    answer = await client.get("/sign-in/oidc")
    assert answer.status_code == 503
    assert 'role="alert"' in answer.text


async def test_without_the_provider_local_people_sign_in(services: Services) -> None:
    away = services.settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:9/realm"})
    chosen = await chosen_password(PASSWORD, "bob")
    async with services.database.writing() as session:
        await create_account(session, "bob", Role.VIEWER, 0, password=chosen)
    app = create_app(replace(services, settings=away))
    async with AsyncClient(transport=ASGITransport(app), base_url=CONSOLE) as client:
        answer = await client.get("/sign-in/oidc", params={"next": "/groups"})
        assert answer.status_code == 503
        assert "the provider does not answer" in answer.text
        assert 'name="next" value="/groups"' in answer.text
        assert (await client.post("/sign-in", data={"name": "bob", "password": PASSWORD})).status_code == 303


async def test_its_people_are_asked_for_again_even_when_they_stay(services: Services, client: AsyncClient) -> None:
    await sign_in(client)
    async with services.database.writing() as session:
        old = SignInRow.created_ms - services.settings.session_hours * 3_600_000
        await session.execute(update(SignInRow).values(created_ms=old))
    assert (await client.get("/api/v1/me")).status_code == 401
