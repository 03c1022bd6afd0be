"""What people did with the groups of a made-up fleet, and what some of its devices went through."""

import time

from sqlalchemy import select, update

from console.database import Database
from console.database.tables import Crash, Device, Group
from console.groups.changes import merge, set_state
from support.fleet import DAY_MS

MINUTE_MS = 60_000
HOSTILE = "<script>alert(1)</script>/" + 100 * "W"


async def enact(database: Database, now_ms: int | None = None) -> None:
    """Change a database that `support.fleet` filled: a regression, decisions, a merge, two loops, two bad names."""
    now = now_ms or int(time.time() * 1000)
    async with database.writing() as session:
        await set_state(session, 1, "resolved", "grace", now - 3 * DAY_MS, version="1.4.0")
        await session.execute(
            update(Group)
            .where(Group.id == 1)
            .values(state="unresolved", regressed_ms=now - DAY_MS, regressed_version="1.4.1")
        )
        await set_state(session, 2, "resolved", "grace", now - 2 * DAY_MS, version="1.4.0")
        await set_state(session, 3, "muted", "ada", now - 9 * DAY_MS)
        await merge(session, 1, [5, 7], "ada", now - 2 * DAY_MS)
        looping = select(Crash.id).join(Device).where(Device.name == "sensor-00001").order_by(Crash.time_ms.desc())
        loop_ms = now - 180 * MINUTE_MS
        for number, id_ in enumerate((await session.scalars(looping.limit(9))).all()):
            at = loop_ms - number * 2 * MINUTE_MS if number < 5 else now - 9 * DAY_MS - number * MINUTE_MS
            await session.execute(update(Crash).where(Crash.id == id_).values(time_ms=at))
        for name, values in {
            "sensor-00001": {"loop_ms": loop_ms, "last_ms": loop_ms},
            "sensor-00002": {"name": HOSTILE},
            "sensor-00003": {"name": "..", "loop_ms": now - 5 * DAY_MS},
        }.items():
            await session.execute(update(Device).where(Device.name == name).values(values))
