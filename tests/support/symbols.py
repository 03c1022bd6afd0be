"""Firmware for pictures of the console: ready, on its way, failed, missing, and a crash to link by hand."""

import time
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from sqlalchemy import select, update

from analyzer.analyze import analyze
from analyzer.announce import crash_event
from analyzer.report.model import encode_report
from analyzer.symbols.builder import build_index
from analyzer.symbols.format.container import FORMAT_VERSION
from console.database import Database
from console.database.tables import Firmware, FirmwareAlias, Profile
from console.intake.apply import apply
from console.intake.record import read_record
from contract.chunk import Metadata
from contract.event import encode_event
from contract.records import DumpItem, Keys
from runtime.store import FolderStore, content_name, dump_key, index_key
from tests.analyzer.golden import GOLDEN, dump_of, symbols_of

OWN, OTHER, DEADLOCK = "cortex-m/null-deref-Os", "cortex-m/null-deref-Og", "cortex-m/deadlock-Og-m33"
LINKED, SHOWN, STUCK = (f"6f1f9d4e-3c3a-5a3e-9b57-0d2f6a3b1c1{each}" for each in (1, 2, 3))
"""Real crashes: with a firmware that was chosen by hand, with its own one, and a deadlock."""
LOST = "10570000aa"
SOURCE = "https://git.example.com/weather/blob/v1.4/{file}#L{line}"


async def park_dumps(database: Database, redis: Redis, keys: Keys) -> None:
    """Let dumps wait for each build that has no symbols: made up, but as many each time."""
    async with database.reading() as session:
        missing = await session.scalars(select(Profile.build_id).where(~Profile.symbolized).distinct())
    for build_id in missing:
        count = sum(map(ord, build_id)) % 40
        if count:
            await redis.hset(keys.waiting(build_id), mapping={f"e{number}": b"x" for number in range(count)})


async def fill_firmware(database: Database, store: FolderStore) -> None:
    """Rows for crashes of `support.fleet`, and one real crash whose firmware was chosen by hand."""
    now = int(time.time() * 1000)
    async with database.writing() as session:
        profiles = (await session.scalars(select(Profile).where(Profile.symbolized).limit(7))).all()
        rows: list[dict[str, Any]] = [
            {
                "build_id": profile.build_id,
                "name": profile.firmware,
                "version": profile.version,
                "board": profile.board,
                "file_name": "zephyr.elf",
                "size": 3_400_000 + 91_234 * number,
                "index_size": 410_000,
                "state": "ready",
                "progress": 100,
                "added_ms": now - 86_400_000 * (9 - number),
                "added_by": "engineer (ci)",
                "source_url": SOURCE,
            }
            for number, profile in enumerate(profiles)
        ]
        rows.append(
            {
                "file_name": "zephyr.elf",
                "size": 8_812_345,
                "state": "failed",
                "added_ms": now - 7_200_000,
                "added_by": "grace",
            }
            | {"reason": "zephyr.elf has no debug information: build with -g, upload it before it is stripped"}
        )
        rows.append(
            {"file_name": "gateway-1.5.0.elf", "size": 58_812_345, "state": "indexing", "progress": 42}
            | {"added_ms": now - 9_000, "added_by": "ada", "version": "1.5.0"}
        )
        for row in rows:
            session.add(Firmware(**row))
        await session.flush()
        session.add(
            FirmwareAlias(alias="0a57b11d" * 5, build_id=rows[0]["build_id"], by_hand=True, account="ada", at_ms=now)
        )
        missing = (await session.scalars(select(Profile.id).where(~Profile.symbolized).limit(2))).all()
        for number, build_id in zip(missing, ("0" * 40, ""), strict=True):
            await session.execute(update(Profile).where(Profile.id == number).values(build_id=build_id))
        for case, facts in (
            (OWN, {"name": "weather-station", "version": "1.4.2"}),
            (OTHER, {"name": "weather-station", "version": "1.3.9"}),
            (DEADLOCK, {"name": "weather-station", "version": "1.4.3"}),
        ):
            build_id = symbols_of(case).build_ids[0].hex()
            store.put(index_key(build_id, FORMAT_VERSION), build_index(Path(GOLDEN / case / "firmware.elf")))
            session.add(
                Firmware(
                    build_id=build_id,
                    state="ready",
                    progress=100,
                    size=181_148,
                    index_size=41_000,
                    board="mps2/an385",
                    file_name="zephyr.elf",
                    source_url=SOURCE,
                    added_ms=now - 500_000,
                    added_by="ada",
                    **facts,
                )
            )
        await session.flush()
        session.add(
            FirmwareAlias(
                alias=LOST,
                build_id=symbols_of(OWN).build_ids[0].hex(),
                by_hand=True,
                account="ada",
                at_ms=now - 90_000,
            )
        )
        for number, (event_id, case) in enumerate(((LINKED, OWN), (SHOWN, OWN), (STUCK, DEADLOCK))):
            await _crash(session, store, now - 70_000 * number, event_id, case)


async def _crash(session: Any, store: FolderStore, now: int, event_id: str, case: str) -> None:
    dump, symbols = dump_of(case), symbols_of(case)
    own = symbols.build_ids[0].hex()
    build_id = LOST if event_id == LINKED else own
    metadata = Metadata(
        build_id=bytes.fromhex(build_id),
        firmware="weather-station",
        version="1.4.2",
        board="mps2/an385",
        os="Zephyr 4.1.0",
        boot=41,
        uptime_ms=7_345_120,
        attributes={"region": "eu", "site": "Turm Nord"},
    )
    item = DumpItem(
        event_id=event_id,
        device="lab-7",
        sha256=content_name(dump),
        size=len(dump),
        dump_id=b"\x0b\xad",
        metadata=metadata,
        first_received_ms=now - 60_000,
        last_received_ms=now - 58_000,
        chunks=40,
    )
    report = analyze(dump, symbols, ())
    linked = own if event_id == LINKED else ""
    event = crash_event(report, item, build_id, linked=linked, started_ms=now - 50_000, seconds=0.04)
    store.put(dump_key(item.sha256), dump)
    store.put(event.data.report, encode_report(report))
    await apply(session, "events", f"1-{now}", [read_record(encode_event(event))], now)
