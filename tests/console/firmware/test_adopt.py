"""The console's list follows the store, whoever changed that."""

from pathlib import Path

import pytest
from sqlalchemy import select

from analyzer.firmware import link_firmware, remove_firmware, unlink_firmware
from analyzer.symbols.builder import build_index
from analyzer.symbols.format.container import FORMAT_VERSION
from console.database import Database
from console.database.tables import Firmware, FirmwareAlias
from console.firmware.adopt import BY, adopt
from runtime.store import FolderStore, elf_key, index_key
from tests.analyzer.golden import GOLDEN, symbols_of

CASE = "cortex-m/null-deref-Os"
BUILD_ID = symbols_of(CASE).build_ids[0].hex()
OTHER = "00112233"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def put(store: FolderStore, name: str = BUILD_ID) -> None:
    elf = GOLDEN / CASE / "firmware.elf"
    store.put(elf_key(name), elf.read_bytes())
    store.put(index_key(name, FORMAT_VERSION), build_index(elf))


async def listed(database: Database) -> list[tuple[str | None, str, str]]:
    async with database.reading() as session:
        rows = await session.execute(select(Firmware.build_id, Firmware.state, Firmware.added_by))
        return [tuple(row) for row in rows]


async def links(database: Database) -> list[tuple[str, str, bool]]:
    async with database.reading() as session:
        rows = await session.execute(select(FirmwareAlias.alias, FirmwareAlias.build_id, FirmwareAlias.by_hand))
        return [tuple(row) for row in rows]


async def test_a_firmware_comes_and_goes_with_its_files(database: Database, store: FolderStore) -> None:
    assert not await adopt(database, store)
    put(store)
    assert await adopt(database, store)
    assert await listed(database) == [(BUILD_ID, "ready", BY)]
    assert not await adopt(database, store)
    remove_firmware(store, BUILD_ID)
    assert await adopt(database, store)
    assert await listed(database) == []


async def test_the_same_file_under_another_id_is_the_same_firmware(database: Database, store: FolderStore) -> None:
    for name in (OTHER, BUILD_ID):
        put(store, name)
    assert await adopt(database, store)
    assert [row[0] for row in await listed(database)] == [BUILD_ID]
    assert await links(database) == [(OTHER, BUILD_ID, False)]
    assert not await adopt(database, store)


async def test_a_store_that_is_not_there_empties_no_list(
    database: Database, store: FolderStore, tmp_path: Path
) -> None:
    put(store)
    await adopt(database, store)
    assert not await adopt(database, FolderStore(tmp_path / "elsewhere"))
    assert len(await listed(database)) == 1


async def test_a_link_comes_and_goes(database: Database, store: FolderStore) -> None:
    put(store)
    link_firmware(store, OTHER, BUILD_ID)
    link_firmware(store, "4455", "6677")  # to nothing that is there
    assert await adopt(database, store)
    assert await links(database) == [(OTHER, BUILD_ID, True)]
    assert not await adopt(database, store)
    unlink_firmware(store, OTHER)
    assert await adopt(database, store)
    assert await links(database) == []


async def test_what_the_console_knows_stays_as_people_named_it(database: Database, store: FolderStore) -> None:
    put(store)
    async with database.writing() as session:
        session.add(Firmware(build_id=BUILD_ID, name="weather", size=1, state="ready", added_ms=0, added_by="ada"))
    assert not await adopt(database, store)
    assert await listed(database) == [(BUILD_ID, "ready", "ada")]


async def test_half_of_a_firmware_and_a_broken_index_are_passed_over(database: Database, store: FolderStore) -> None:
    store.put(elf_key("aa01"), b"\x7fELF")
    store.put(elf_key("aa02"), b"\x7fELF")
    store.put(index_key("aa02", FORMAT_VERSION), b"no index")
    assert not await adopt(database, store)
    assert await listed(database) == []


async def test_a_file_of_its_own_ends_a_link(database: Database, store: FolderStore, tmp_path: Path) -> None:
    lost = bytes.fromhex(BUILD_ID)[::-1].hex()
    put(store)
    link_firmware(store, lost, BUILD_ID)
    assert await adopt(database, store)
    assert await links(database) == [(lost, BUILD_ID, True)]
    elf = tmp_path / "found.elf"
    elf.write_bytes((GOLDEN / CASE / "firmware.elf").read_bytes().replace(bytes.fromhex(BUILD_ID), bytes.fromhex(lost)))
    store.put(index_key(lost, FORMAT_VERSION), build_index(elf))
    store.put_file(elf_key(lost), elf)
    assert await adopt(database, store)
    assert not await adopt(database, store)
    assert {name for name, _, _ in await listed(database)} == {BUILD_ID, lost}
    assert await links(database) == []
