"""People who were never there, with what they did."""

import time

from console.database import Database
from console.people.accounts import create_account
from console.people.audit import write_entry
from console.people.password import NewPassword
from console.people.roles import Role, Scope
from console.people.sessions import open_session
from console.people.tokens import create_token

_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/604.1",
    "curl/8.14.1",
)
_DONE = (
    ("ada", "sign-in", "", ""),
    ("ada (ci)", "firmware.upload", "zephyr.elf", "2188412 bytes"),
    ("grace.hopper@example.com", "group.resolve", "Null pointer dereference in sensor_read (sensor.c:41)", "1.4.2"),
    ("", "sign-in.refused", "root", ""),
    ("ada", "account.role", "margaret", "engineer"),
    ("margaret", "token.create", "nightly build", "upload"),
    ("ada", "firmware.delete", "weather-station 1.3.0", "frees 18 MiB"),
)


async def fill_people(database: Database) -> None:
    """Write people, the first one an admin called ada, with sessions, tokens and an audit log."""
    now, hour = int(time.time() * 1000), 3_600_000
    names = [("ada", Role.ADMIN), ("margaret", Role.ENGINEER), ("grace.hopper@example.com", Role.ENGINEER)]
    names += [("katherine", Role.VIEWER), ("a-rather-long-name-of-somebody-in-quality-assurance", Role.VIEWER)]
    async with database.writing() as session:
        for number, (name, role) in enumerate(names):
            subject = f"https://id.example {number}" if "@" in name else None
            password = NewPassword("x", "x" if number == 4 else "") if subject is None else None
            made = await create_account(
                session, name, role, now - 2000 * hour * (5 - number), password=password, subject=subject
            )
            made.disabled = name == "katherine"
            for agent in _AGENTS[: 3 - number]:
                await open_session(session, made, now - number * hour, address="203.0.113.7", agent=agent)
            if number < 2:
                for use, days in (("nightly build of the weather station", 90), ("dashboard", None), ("old", -1)):
                    scopes = [Scope.ADMIN] if days is None else [Scope.READ, Scope.UPLOAD]
                    row, _ = await create_token(session, made.id, use, scopes, days=days, now_ms=now - 90 * hour)
                    row.used_ms = now - 7 * hour if days == 90 else None
        for number in range(140):
            account, action, subject, detail = _DONE[number % len(_DONE)]
            at = now - (140 - number) * 7 * hour
            await write_entry(session, account, action, subject, detail=detail, address="203.0.113.7", now_ms=at)
