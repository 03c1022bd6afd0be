"""A console with firmware and crashes in it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from support.crashes import START_MS, crash_payload

from analyzer.symbols.builder import build_index
from analyzer.symbols.format.container import FORMAT_VERSION
from console.database.tables import Firmware
from console.intake.apply import apply
from console.intake.record import read_record
from console.web.services import Services
from runtime.store import elf_key, index_key
from tests.analyzer.golden import GOLDEN, symbols_of

CASE = "cortex-m/null-deref-Os"
ELF: Path = GOLDEN / CASE / "firmware.elf"
BUILD_ID = symbols_of(CASE).build_ids[0].hex()

AddFirmware = Callable[..., Awaitable[int]]
AddCrashes = Callable[..., Awaitable[None]]


@pytest.fixture
def add_firmware(services: Services) -> AddFirmware:
    """Adds the firmware of a golden case, ready, with what is said of it; returns its number."""

    async def add(case: str = CASE, **facts: str) -> int:
        build_id, elf = symbols_of(case).build_ids[0].hex(), GOLDEN / case / "firmware.elf"
        services.store.put(elf_key(build_id), elf.read_bytes())
        services.store.put(index_key(build_id, FORMAT_VERSION), build_index(elf))
        async with services.database.writing() as session:
            row = Firmware(
                build_id=build_id,
                state="ready",
                progress=100,
                size=elf.stat().st_size,
                index_size=9_000,
                added_ms=START_MS,
                added_by="ada",
                file_name="zephyr.elf",
                **facts,
            )
            session.add(row)
            await session.flush()
            return row.id

    return add


@pytest.fixture
def add_crashes(services: Services) -> AddCrashes:
    """Adds crashes by their numbers, as `crash_event` makes them."""

    async def add(*numbers: int, **more: object) -> None:
        records = [read_record(crash_payload(number, **more)) for number in numbers]
        async with services.database.writing() as session:
            await apply(session, "events", f"{numbers[0] + 1}-0", records, START_MS)

    return add
