"""Which index is walked: the choice, and whether the databases keep to it."""

from sqlalchemy import Select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from support.fleet import Fleet, fill

from console.database import Database
from console.events import plan
from console.events.filter import EventFilter
from console.events.plan import FEW, Plan, Source, choose

NOW = 1_772_352_930_250
ONE = Source("device", (7,), 900_000, 100, 200)
RARE = Source("profile", (1, 2), 90, 150, 300)
COMMON = Source("profile", (1, 2), FEW + 1, 150, 300)
NEVER = Source("attr.region", (), 0, 0, 0, ("mars",))


def test_the_smallest_source_that_is_cheap() -> None:
    assert choose([ONE, RARE]) == Plan(RARE, 150, 200)
    assert choose([ONE, COMMON]) == Plan(ONE, 150, 200)
    assert choose([COMMON]) == Plan(None, 150, 300)
    assert choose([]) == Plan(None, None, None)
    assert choose([ONE, NEVER]).is_empty


async def explained(session: AsyncSession, asked: str, few: int) -> str:
    """How a database goes about a page."""
    kept, plan.FEW = plan.FEW, few  # type: ignore[misc]
    try:
        asking = EventFilter.parse(asked)
        chosen = choose(await plan.sources(session, asking))
    finally:
        plan.FEW = kept  # type: ignore[misc]
    time, number = plan.newest(chosen)
    query: Select[int, int] = plan.crashes_of(chosen, asking, NOW).where(tuple_(time, number) < tuple_(NOW, 10**9))
    dialect = session.get_bind().dialect
    ordered = query.order_by(time.desc(), number.desc()).limit(51)
    sql = ordered.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    how = "EXPLAIN QUERY PLAN" if dialect.name == "sqlite" else "EXPLAIN"
    rows = await session.execute(text(f"{how} {sql}".replace(":", r"\:")))
    return "\n".join(str(row[-1]) for row in rows)


async def test_databases_walk_the_index_that_is_meant(database: Database) -> None:
    await fill(database, Fleet(crashes=6_000, profiles=100, devices=400, days=30), NOW)
    is_sqlite = database.is_sqlite
    async with database.engine.connect() as connection:
        await connection.execute(text("ANALYZE"))
        await connection.commit()
    async with database.reading() as session:
        for asked, few, index, sorts in (
            ("", 1000, "ix_crash_time", False),
            ("q=sensor", 10, "ix_crash_time", False),
            ("device=sensor-0*&q=sensor", 10, "ix_crash_time", False),
            ("kind=assert&attr.region=eu&attr.region=us", 10, "ix_crash_time", False),
            ("device=gateway-00005", 10, "ix_crash_device", False),
            ("complete=false", 1000, "ix_crash_profile", True),
        ):
            told = await explained(session, asked, few)
            # So few crashes PostgreSQL reads as a whole; it has statistics to tell when that stops to pay.
            assert index in told or (sorts and not is_sqlite), (asked, told)
            # PostgreSQL may sort the few crashes of a device rather than walk its index backwards.
            if is_sqlite or index == "ix_crash_time":
                assert ("TEMP B-TREE FOR ORDER BY" in told or "Sort" in told) == sorts, (asked, told)
        told = await explained(session, "attr.batch=17", 1000)
        # Metadata is keyed in this order: the key itself is walked.
        assert ("PRIMARY KEY" if is_sqlite else "pk_crash_attribute") in told, told
