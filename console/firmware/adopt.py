"""Firmware that came into the store without the console, by `faultcast firmware add` or from a backup: its rows."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from analyzer.firmware import BUILD_ID
from analyzer.symbols.format.container import FORMAT_VERSION, CorruptIndex
from analyzer.symbols.index import SymbolIndex
from console.database import Database
from console.database.tables import Firmware, FirmwareAlias
from console.database.upsert import insert_into
from contract.errors import StoreUnavailable
from runtime.store import elf_key, index_key, link_key


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store has under a build id: a firmware, or a link to one."""

    build_id: str
    best: str
    """The build id that is the firmware's first; of a link, that of its target."""
    size: int
    index_size: int
    added_ms: int
    is_link: bool = False


async def adopt(database: Database, store: Path) -> int:
    """Give what is in the store and not in the database its rows; returns how many firmwares that were.

    Raises:
        DatabaseUnavailable, StoreUnavailable: it is tried again later.
    """
    async with database.reading() as session:
        known = await _known(session)
    kept = await asyncio.to_thread(lambda: list(_unknown(store, known)))
    if not kept:
        return 0
    async with database.writing() as session:
        known = await _known(session)
        # Firmware before what names it: the best name of each first, links last.
        for one in sorted(kept, key=lambda one: (one.is_link, one.build_id != one.best)):
            if one.build_id in known:
                continue
            if one.build_id == one.best:
                session.add(_row(one))
            elif one.best in known:
                alias = insert_into(session, FirmwareAlias).values(
                    alias=one.build_id, build_id=one.best, by_hand=one.is_link, account="", at_ms=one.added_ms
                )
                await session.execute(alias.on_conflict_do_nothing(index_elements=["alias"]))
            else:
                continue
            await session.flush()
            known.add(one.build_id)
    return sum(1 for one in kept if one.build_id == one.best)


def _row(one: Kept) -> Firmware:
    return Firmware(
        build_id=one.build_id,
        size=one.size,
        index_size=one.index_size,
        state="ready",
        progress=100,
        added_ms=one.added_ms,
        file_name="",
        added_by="",
    )


async def _known(session: AsyncSession) -> set[str]:
    own = await session.scalars(select(Firmware.build_id).where(Firmware.build_id.is_not(None)))
    return {*(name for name in own if name), *await session.scalars(select(FirmwareAlias.alias))}


def _unknown(store: Path, known: set[str]) -> Iterator[Kept]:
    """Blocks; raises `StoreUnavailable`."""
    try:
        folders = sorted((store / "firmware").glob("*"))
        for folder in folders:
            name = folder.name
            if name in known or not BUILD_ID.fullmatch(name):
                continue
            found = _kept(store, name) or _link(store, name)
            if found is not None:
                yield found
    except OSError as error:
        raise StoreUnavailable(f"cannot look into {store} ({error.strerror or error}): mend its rights") from error


def _kept(store: Path, name: str) -> Kept | None:
    index, elf = store / index_key(name, FORMAT_VERSION), store / elf_key(name)
    if not index.is_file():
        return None
    try:
        ids = SymbolIndex.open(index).build_ids
    except CorruptIndex:
        return None
    facts = index.stat()
    size = elf.stat().st_size if elf.is_file() else 0
    best = ids[0].hex() if ids else name
    if not (store / index_key(best, FORMAT_VERSION)).is_file():
        best = name
    return Kept(name, best, size, facts.st_size, facts.st_mtime_ns // 1_000_000)


def _link(store: Path, name: str) -> Kept | None:
    file = store / link_key(name)
    if not file.is_file():
        return None
    return Kept(name, file.read_text("ascii", "replace"), 0, 0, file.stat().st_mtime_ns // 1_000_000, is_link=True)
