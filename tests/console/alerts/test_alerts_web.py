"""Alerts over HTTP: who may, what is shown and what never is, what is refused."""

import html
import re
from typing import Any

from httpx import AsyncClient
from sqlalchemy import select, update
from support.alerts import Receiver, Room, receiver
from support.console import SignIn

from console.alerts.deliver import Courier
from console.database import Database
from console.database.tables import AlertTarget, AuditEntry, Delivery
from console.people.roles import Role

API = "/api/v1/alerts"
EVIL = "<script>alert(1)</script>\"'" + "&" * 40
PAGES = ("/alerts", "/alerts/log", "/alerts/targets/new", "/alerts/rules/new", "/alerts/rules/new?trigger=spike")
POSTS = (
    "/alerts/targets",
    "/alerts/targets/1",
    "/alerts/targets/1/test",
    "/alerts/targets/1/key",
    "/alerts/targets/1/enable",
    "/alerts/targets/1/disable",
    "/alerts/targets/1/delete",
    "/alerts/rules",
    "/alerts/rules/1",
    "/alerts/rules/1/enable",
    "/alerts/rules/1/disable",
    "/alerts/rules/1/delete",
    "/alerts/log/1/retry",
)
FORM = {"name": "x", "kind": "webhook", "url": "http://127.0.0.1:9/", "trigger": "new-group", "target": "1"}


async def target(client: AsyncClient, url: str = "http://127.0.0.1:9/hook", name: str = "ops") -> dict[str, Any]:
    made = await client.post(f"{API}/targets", json={"name": name, "kind": "webhook", "url": url})
    assert made.status_code == 201, made.text
    return made.json()


async def test_nobody_but_admins(client: AsyncClient, sign_in: SignIn) -> None:
    for path in PAGES:
        assert (await client.get(path)).headers["location"].startswith("/sign-in?next=")
    assert (await client.get(f"{API}/targets")).status_code == 401
    for path in POSTS:
        assert (await client.post(path, data=FORM)).status_code in (303, 401)
    for role in (Role.VIEWER, Role.ENGINEER):
        await sign_in(role)
        for path in PAGES:
            assert (await client.get(path)).status_code == 403
        for path in POSTS:
            assert (await client.post(path, data=FORM)).status_code == 403, path
        for path in ("targets", "rules", "deliveries", "targets/1", "rules/1"):
            assert (await client.get(f"{API}/{path}")).status_code == 403
        assert "/alerts" not in (await client.get("/events")).text


async def test_a_form_from_elsewhere_is_refused(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ADMIN)
    del client.headers["X-CSRF-Token"]
    for path in POSTS:
        answer = await client.post(path, data=FORM)
        assert answer.status_code == 403, path
        assert "csrf" in answer.text


async def test_an_empty_database_says_what_to_do(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ADMIN)
    page = (await client.get("/alerts")).text
    assert "Begin with a target" in page
    assert "style=" not in page
    assert "onclick" not in page
    assert "A rule needs a target" in (await client.get("/alerts/rules/new?trigger=lag")).text
    assert "Nothing was told yet" in (await client.get("/alerts/log")).text
    for path in ("/alerts/targets/7", "/alerts/rules/7", f"{API}/targets/7", f"{API}/rules/7"):
        assert (await client.get(path)).status_code == 404
    for path in ("/alerts/targets/7/test", "/alerts/rules/7/delete", "/alerts/log/7/retry", "/alerts/rules/7"):
        assert (await client.post(path, data=FORM)).status_code == 404, path
    assert (await client.get(f"/alerts/targets/{2**70}")).status_code == 422


async def test_a_key_is_shown_once(client: AsyncClient, sign_in: SignIn, database: Database) -> None:
    await sign_in(Role.ADMIN)
    once = await client.post("/alerts/targets", data=FORM | {"url": "https://u:hunter2@host/h?token=hunter3"})
    key = re.findall(r"whsec_[\w+/=]+", html.unescape(once.text))[0]
    async with database.reading() as session:
        assert (await session.scalars(select(AlertTarget.secret))).all() == [key]
    for path in ("/alerts", "/alerts/targets/1", f"{API}/targets", f"{API}/targets/1", "/audit"):
        text = html.unescape((await client.get(path)).text)
        assert key not in text
        assert "hunter" not in text
    assert key[:10] in (await client.get("/alerts/targets/1")).text
    again = (await client.post(f"{API}/targets/1/key")).json()["key"]
    assert again.startswith("whsec_")
    assert again != key


async def test_what_is_wrong_in_a_form_is_said_in_it(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ADMIN)
    wrong = await client.post("/alerts/targets", data=FORM | {"url": "ftp://host", "name": EVIL})
    assert wrong.status_code == 422
    assert "expected the address of a webhook" in wrong.text
    assert html.escape(EVIL, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in wrong.text
    await target(client)
    rule = await client.post("/alerts/rules", data=FORM | {"trigger": "spike", "threshold": "many", "minutes": "5"})
    assert rule.status_code == 422
    assert 'value="many"' in rule.text
    for more in ({"target": ""}, {"target": "99"}, {"query": "colour=red"}, {"name": ""}):
        answer = await client.post("/alerts/rules", data=FORM | more)
        assert answer.status_code in (404, 422)
        assert 'role="alert"' in answer.text
    assert (await client.post("/alerts/rules", data=FORM | {"trigger": "moon"})).status_code == 422


async def test_the_test_button_shows_the_answer(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ADMIN)
    with receiver([200, 500, 500]) as there:
        there.reply = b"<b>thanks</b>"
        await target(client, there.url)
        answer = await client.post("/alerts/targets/1/test", headers={"HX-Request": "true"})
        assert "Delivered" in answer.text
        assert "&lt;b&gt;thanks" in answer.text
        assert "<html" not in answer.text
        whole = (await client.post("/alerts/targets/1/test")).text
        assert "Not delivered" in whole
        assert "</html>" in whole
        told = (await client.post(f"{API}/targets/1/test")).json()
        assert told["delivered"] is False
        assert told["reply"].startswith("500")
    assert len(there.got) == 3


async def test_targets_and_rules_are_changed_and_go(client: AsyncClient, sign_in: SignIn, database: Database) -> None:
    await sign_in(Role.ADMIN)
    await target(client, name="<b>ops</b>")
    made = await client.post("/alerts/rules", data=FORM | {"name": EVIL[:90], "query": "kind=assert&since=7d"})
    assert made.headers["location"] == "/alerts"
    page = (await client.get("/alerts")).text
    assert "<script>alert" not in page
    assert "<b>ops" not in page
    assert "kind assert" in page
    assert (await client.get("/alerts/rules/1")).text.count("&lt;script") >= 2
    changed = await client.post("/alerts/rules/1", data=FORM | {"name": "Asserts", "trigger": "lag", "threshold": "9"})
    assert changed.status_code == 303
    rule = (await client.get(f"{API}/rules/1")).json()
    assert (rule["name"], rule["trigger"], rule["filter"]) == ("Asserts", "new-group", "")
    assert (await client.post("/alerts/targets/1", data={"name": "ops2", "url": ""})).status_code == 303
    async with database.reading() as session:
        assert (await session.scalars(select(AlertTarget.url))).one() == "http://127.0.0.1:9/hook"
    for path, state in (("rules/1/disable", False), ("rules/1/enable", True)):
        assert (await client.post(f"/alerts/{path}")).status_code == 303
        assert (await client.get(f"{API}/rules/1")).json()["enabled"] is state
    for path, state in (("targets/1/disable", False), ("targets/1/enable", True)):
        assert (await client.post(f"/alerts/{path}")).status_code == 303
        assert (await client.get(f"{API}/targets/1")).json()["enabled"] is state
    assert (await client.post("/alerts/targets/1/delete")).status_code == 303
    assert (await client.get(f"{API}/rules")).json() == []
    async with database.reading() as session:
        actions = set(await session.scalars(select(AuditEntry.action)))
    wanted = {"create", "change", "disable", "enable", "delete"}
    assert {f"alert-target.{each}" for each in wanted} <= actions
    assert {f"alert-rule.{each}" for each in wanted - {"delete"}} <= actions


async def test_the_api_does_all_of_it(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in(Role.ADMIN)
    number = (await target(client))["target"]["id"]
    new = {"name": "Spikes", "trigger": "spike", "target": number, "threshold": 5, "minutes": 10, "filter": "q=x"}
    made = await client.post(f"{API}/rules", json=new)
    assert made.status_code == 201
    assert made.json() | new == made.json()
    path = f"{API}/rules/{made.json()['id']}"
    assert (await client.put(path, json=new | {"threshold": 6})).json()["threshold"] == 6
    assert (await client.patch(path, json={"enabled": False})).json()["enabled"] is False
    assert (await client.put(path, json=new | {"target": 999})).status_code == 404
    assert (await client.post(f"{API}/rules", json=new | {"threshold": 0})).json()["code"] == "bad-rule"
    assert (await client.delete(path)).status_code == 204
    assert (await client.delete(path)).status_code == 404
    here = f"{API}/targets/{number}"
    renamed = await client.patch(here, json={"name": "second", "url": "https://host/x", "enabled": False})
    assert (renamed.json()["name"], renamed.json()["url"], renamed.json()["enabled"]) == (
        "second",
        "https://host/x",
        False,
    )
    assert (await client.patch(here, json={"url": "file:///x"})).json()["code"] == "bad-target"
    assert (await client.delete(here)).status_code == 204


async def one_delivery(client: AsyncClient, room: Room, there: Receiver) -> None:
    await target(client, there.url)
    room.target_id = 1
    await room.rule("new-group")
    await room.take({"number": 0, "device": "<b>lab</b>", "title": "<script>x</script>"})


async def test_the_log_says_what_became_of_it(client: AsyncClient, sign_in: SignIn, room: Room) -> None:
    await sign_in(Role.ADMIN)
    with receiver([404]) as there:
        await one_delivery(client, room, there)
        await Courier(room.database, clock=lambda: room.now)._try(1)
        page = (await client.get("/alerts/log?state=waiting&target=1")).text
        assert "1 of 8" in page
        assert "404" in page
        assert "<script>x" not in page
        assert "Nothing fits" in (await client.get("/alerts/log?state=failed")).text
        assert (await client.get("/alerts/log?state=moon")).status_code == 422
        (item,) = (await client.get(f"{API}/deliveries")).json()["items"]
        assert (item["state"], item["attempts"], item["alert"]["type"]) == ("waiting", 1, "alert.new-group")
        assert (await client.post("/alerts/log/1/retry")).headers["location"] == "/alerts/log"
        await Courier(room.database)._try(1)
    assert len(there.got) == 2
    page = (await client.get("/alerts")).text
    assert "delivered" in page
    assert "Try again" not in page.replace(">Try again</span>", "")
    assert (await client.post(f"{API}/deliveries/1/retry")).status_code == 409
    async with room.database.writing() as session:
        await session.execute(update(Delivery).values(state="failed"))
        await session.execute(update(AlertTarget).values(enabled=False))
    assert (await client.post(f"{API}/deliveries/1/retry")).status_code == 409


async def test_the_log_is_paged(client: AsyncClient, sign_in: SignIn, room: Room) -> None:
    await sign_in(Role.ADMIN)
    await room.rule("new-group")
    await room.rule("new-group")
    await room.take(*({"number": n, "fingerprint": f"2-{n}"} for n in range(30)))
    page = (await client.get("/alerts/log")).text
    older = html.unescape(re.findall(r'href="([^"]+)" rel="next"', page)[0])
    assert page.count("delivery-") == 50
    assert (await client.get(older)).text.count("delivery-") == 10
    first = (await client.get(f"{API}/deliveries?limit=50")).json()
    assert len((await client.get(f"{API}/deliveries?limit=50&cursor={first['next']}")).json()["items"]) == 10
