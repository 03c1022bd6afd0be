"""Errors as answers, for programs and for people."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from console.web.errors import Conflict, NotAllowed, NotFound, SignInNeeded, TooManyRequests, answer_errors, status_of
from console.web.headers import SECURITY_HEADERS, SecurityHeaders
from contract.errors import BadFirmware, FaultcastError, LimitExceeded, StoreUnavailable
from runtime.store import NoSuchObject


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SignInNeeded("x"), 401),
        (NotAllowed("x"), 403),
        (NotFound("x"), 404),
        (NoSuchObject("x"), 404),
        (Conflict("x"), 409),
        (LimitExceeded("x"), 413),
        (BadFirmware("x"), 422),
        (TooManyRequests("x", 7), 429),
        (StoreUnavailable("x"), 503),
        (FaultcastError("x"), 500),
    ],
)
def test_the_nearest_class_gives_the_status(error: FaultcastError, status: int) -> None:
    assert status_of(error) == status


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    app = FastAPI()
    app.add_middleware(SecurityHeaders, https=True)
    answer_errors(app)

    async def fail(kind: str, number: int = 0) -> None:
        if kind == "bug":
            raise RuntimeError(f"secret {number}")
        raise {
            "missing": NotFound("no <b>such</b> crash"),
            "signed-out": SignInNeeded("sign in"),
            "slow": TooManyRequests("wait", 7),
        }[kind]

    app.get("/api/v1/{kind}")(fail)
    app.get("/{kind}")(fail)
    app.post("/{kind}")(fail)
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://console") as client:
        yield client


async def test_programs_get_code_and_message(client: AsyncClient) -> None:
    answer = await client.get("/api/v1/missing")
    assert answer.status_code == 404
    assert answer.json() == {"code": "not-found", "message": "no <b>such</b> crash"}


async def test_people_get_a_page_and_text_stays_text(client: AsyncClient) -> None:
    answer = await client.get("/missing")
    assert answer.status_code == 404
    assert "no &lt;b&gt;such&lt;/b&gt; crash" in answer.text


async def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(client: AsyncClient) -> None:
    answer = await client.get("/signed-out?device=a%26b")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fsigned-out%3Fdevice%3Da%2526b"
    assert (await client.post("/signed-out")).headers["location"] == "/sign-in"
    api = await client.get("/api/v1/signed-out")
    assert api.status_code == 401
    assert api.headers["www-authenticate"].startswith("Bearer")


async def test_htmx_is_told_to_leave_the_page(client: AsyncClient) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://console/events?q=1"}
    answer = await client.get("/signed-out", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in?next=%2Fevents%3Fq%3D1"


async def test_who_asks_too_often_hears_when_to_come_back(client: AsyncClient) -> None:
    assert (await client.get("/api/v1/slow")).headers["retry-after"] == "7"


async def test_a_bug_tells_nothing_and_carries_the_headers(client: AsyncClient) -> None:
    answer = await client.get("/api/v1/bug")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "secret" not in answer.text
    assert answer.headers["content-security-policy"] == SECURITY_HEADERS["Content-Security-Policy"]


async def test_wrong_values_and_unknown_addresses_are_said_in_our_words(client: AsyncClient) -> None:
    assert (await client.get("/api/v1/missing?number=x")).json()["message"].startswith("number: ")
    assert (await client.get("/api/v1/a/b")).json() == {
        "code": "not-found",
        "message": "there is nothing at this address",
    }
    assert (await client.put("/api/v1/missing")).json()["code"] == "method-not-allowed"


async def test_every_answer_carries_the_headers(client: AsyncClient) -> None:
    answer = await client.get("/missing")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["strict-transport-security"].startswith("max-age=")
