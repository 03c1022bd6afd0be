"""For tests of alerts: targets, rules, crashes that are taken in, what they led to, and somebody who receives it."""

import asyncio
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sqlalchemy import select

from console.alerts.alert import Alert, AlertData, decode_alert, encode_alert, new_alert
from console.alerts.listener import crash_alerts
from console.alerts.rule import check_rule
from console.alerts.rules import add_rule
from console.alerts.targets import add_target
from console.database import Database
from console.database.tables import Delivery
from console.intake.apply import Applied, apply
from console.intake.record import read_record
from support.crashes import crash_payload

ADDRESS = "https://crashes.example"
NOW = 1_772_400_000_000


@dataclass
class Room:
    """A database with alerts; `now` is its time."""

    database: Database
    now: int = NOW
    target_id: int = 0
    entry: int = 0
    rules: list[int] = field(default_factory=list[int])

    async def target(self, url: str = "http://127.0.0.1:9/hook") -> int:
        """Add a webhook."""
        async with self.database.writing() as session:
            self.target_id = (await add_target(session, "ops", "webhook", url, self.now)).id
        return self.target_id

    async def rule(self, trigger: str, threshold: int = 0, minutes: int = 0, query: str = "") -> int:
        """Add a rule, and a target where there is none."""
        if not self.target_id:
            await self.target()
        values = check_rule(f"rule {trigger}", trigger, threshold, minutes, query)
        async with self.database.writing() as session:
            made = await add_rule(session, values, self.target_id, self.now)
        self.rules.append(made.id)
        return made.id

    async def take(self, *crashes: dict[str, Any], fail: Callable[[], None] | None = None) -> Applied:
        """Take crashes in as intake does; their time is how long ago in seconds."""
        payloads = [
            crash_payload(
                each["number"],
                time_ms=self.now - int(each.get("ago", 0) * 1000),
                **{key: value for key, value in each.items() if key not in ("number", "ago")},
            )
            for each in crashes
        ]
        self.entry += 1
        listen = crash_alerts(ADDRESS, lambda: self.now)
        async with self.database.writing() as session:
            records = [read_record(payload) for payload in payloads]
            applied = await apply(session, "events", f"{self.entry}-0", records, self.now)
            await listen(session, applied)
            if fail is not None:
                fail()
        return applied

    async def told(self) -> list[Alert]:
        """Every alert, oldest first."""
        async with self.database.reading() as session:
            bodies = await session.scalars(select(Delivery.body).order_by(Delivery.id))
        return [decode_alert(body) for body in bodies]

    async def deliveries(self) -> list[Delivery]:
        """Every delivery, oldest first."""
        async with self.database.reading() as session:
            return list(await session.scalars(select(Delivery).order_by(Delivery.id)))


async def until(condition: Callable[[], Any], seconds: float = 15) -> None:
    """Wait for a condition, which may be a coroutine."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.02)


@dataclass
class Receiver:
    """An HTTP server that answers as it was told to, then with 200, and keeps what it got."""

    url: str
    got: list[tuple[dict[str, str], str]] = field(default_factory=list[tuple[dict[str, str], str]])
    """Headers and body of each request."""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    """Of every answer."""
    slow: float = 0.0
    """Seconds before an answer."""
    reply: bytes = b"ok"


@contextmanager
def receiver(answers: Sequence[int] = ()) -> Generator[Receiver]:
    """One on a free port."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            seen.got.append((dict(self.headers), body))
            time.sleep(seen.slow)
            status = left.pop(0) if left else 200
            self.send_response(status)
            for name, value in seen.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(seen.reply)))
            self.end_headers()
            self.wfile.write(seen.reply)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name above
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:  # who asked is gone
                return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    seen = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def fill_alerts(database: Database, now_ms: int) -> None:
    """Targets, rules and a log as an installation has them after a while."""
    address = "https://crashes.example"
    async with database.writing() as session:
        chat = await add_target(session, "#firmware-crashes", "apprise", "slack://T1/B2/abcdefghijklmnopqrst", now_ms)
        bot = await add_target(session, "on-call bot", "webhook", "https://bot.internal:8443/faultcast", now_ms)
        mail = await add_target(session, "mail to QA", "apprise", "mailtos://user:secret@mail.example?to=qa@x", now_ms)
        mail.enabled = False
        rules = [
            await add_rule(session, check_rule(name, trigger, threshold, minutes, query), target, now_ms)
            for name, trigger, threshold, minutes, query, target in (
                ("New causes", "new-group", 0, 0, "", chat.id),
                ("Many asserts in the EU", "spike", 50, 10, "kind=assert&attr.region=eu", bot.id),
                ("Fixes that did not hold", "regression", 0, 0, "", chat.id),
                ("Devices that cannot start", "crash-loop", 0, 0, "device=gateway-*", bot.id),
                ("Symbols for QA", "missing-symbols", 10, 0, "", mail.id),
                ("Pipeline", "lag", 10_000, 15, "", bot.id),
            )
        ]
        rules[5].enabled = False
        told = (
            (
                rules[0],
                "New crash: Null pointer dereference in calibration_in_range (sensor.c:41)",
                "delivered",
                "sent",
            ),
            (rules[1], "50 crashes in 10 min: Assertion failed in ble_gap_advertise (ble.c:47)", "waiting", "503 busy"),
            (rules[3], "Crash loop: gateway-00120", "failed", "ConnectError: All connection attempts failed"),
            (rules[0], "412 new groups", "delivered", "sent"),
            (rules[2], "Back again: Bus fault in sensor_read (sensor.c:41)", "delivered", "sent"),
        )
        for number, (rule, title, state, reply) in enumerate(told):
            data = AlertData(rule=rule.name, title=title, text="", url=f"{address}/groups/{number + 1}")
            session.add(
                Delivery(
                    target_id=rule.target_id,
                    rule_id=rule.id,
                    key=f"made-up:{number}",
                    body=encode_alert(new_alert(rule.trigger, data, now_ms)),
                    state=state,
                    attempts={"delivered": 1, "waiting": 3, "failed": 8}[state],
                    due_ms=now_ms + 480_000,
                    created_ms=now_ms - (5 - number) ** 2 * 700_000,
                    delivered_ms=now_ms if state == "delivered" else None,
                    reply=reply,
                )
            )
