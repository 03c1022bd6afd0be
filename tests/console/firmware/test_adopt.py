from pathlib import Path

from sqlalchemy import select

from analyzer.firmware import link_firmware
from analyzer.symbols.builder import build_index
from analyzer.symbols.format.container import FORMAT_VERSION
from console.database import Database
from console.database.tables import Firmware, FirmwareAlias
from console.firmware.adopt import adopt
from runtime.store import FolderStore, elf_key, index_key
from tests.console.firmware.conftest import BUILD_ID, ELF


async def test_what_came_without_the_console_gets_its_rows_once(database: Database, tmp_path: Path) -> None:
    assert await adopt(database, tmp_path / "store") == 0
    store = FolderStore(tmp_path / "store")
    for name in ("00ff", BUILD_ID):  # the same file under another id, and its own
        store.put(elf_key(name), ELF.read_bytes())
        store.put(index_key(name, FORMAT_VERSION), build_index(ELF))
    link_firmware(store, "abcd", BUILD_ID)
    link_firmware(store, "abce", "ffff")
    store.put(index_key("0bad", FORMAT_VERSION), b"no index")
    assert await adopt(database, store.root) == 1
    assert await adopt(database, store.root) == 0
    async with database.reading() as session:
        (row,) = (await session.scalars(select(Firmware))).all()
        aliases = (await session.scalars(select(FirmwareAlias).order_by(FirmwareAlias.alias))).all()
    assert (row.build_id, row.state, row.size) == (BUILD_ID, "ready", ELF.stat().st_size)
    assert [(each.alias, each.build_id, each.by_hand) for each in aliases] == [
        ("00ff", BUILD_ID, False),
        ("abcd", BUILD_ID, True),
    ]
