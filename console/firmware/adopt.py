"""Firmware and links that came into the store, or left it, past the console: by the command line on its machine.

The store is what analyses go by, so the console's list follows it.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from analyzer.firmware import BUILD_ID
from analyzer.symbols.format.container import FORMAT_VERSION
from analyzer.symbols.index import SymbolIndex
from console.database import Database
from console.database.tables import Firmware, FirmwareAlias
from console.database.upsert import insert_into
from console.firmware.linking import end_links
from contract.errors import FaultcastError
from runtime.logs import get_logger
from runtime.store import NoSuchObject, Store, elf_key, index_key, link_key

log = get_logger(__name__)

BY: Final = "the command line"
FOLDER: Final = "firmware"


@dataclass(frozen=True, slots=True)
class Kept:
    """A firmware of the store; sizes in bytes, time in Unix milliseconds."""

    build_ids: tuple[str, ...]
    """The best one first; at least one."""
    size: int
    index_size: int
    added_ms: int


async def adopt(database: Database, store: Store) -> bool:
    """Make the list say what the store holds; returns whether it did not before.

    Not while an upload is being indexed, whose files are in the store before its row says so.
    """
    names = {each for each in await asyncio.to_thread(store.names, FOLDER) if BUILD_ID.fullmatch(each)}
    if not names:  # rather a store that is not mounted than one that somebody emptied
        return False
    async with database.reading() as session:
        ready = select(Firmware.build_id).where(Firmware.state == "ready", Firmware.build_id.is_not(None))
        listed = {each for each in await session.scalars(ready) if each}
        aliases = dict((await session.execute(select(FirmwareAlias.alias, FirmwareAlias.by_hand))).all())
    by_hand = {alias for alias, is_link in aliases.items() if is_link}
    came = (names & by_hand) - await asyncio.to_thread(_without, store, elf_key, names & by_hand)
    fresh = (names - listed - aliases.keys()) | came
    found = await asyncio.to_thread(_read_all, store, sorted(fresh))
    there = listed | {kept.build_ids[0] for kept in found}
    links = {
        alias: target
        for alias, target in (await asyncio.to_thread(_links, store, fresh)).items()
        if target in there and alias not in there
    }
    left = await asyncio.to_thread(_without, store, elf_key, listed)
    unlinked = await asyncio.to_thread(_without, store, link_key, by_hand)
    if not (found or links or left or unlinked):
        return False
    async with database.writing() as session:
        for kept in found:
            await end_links(session, kept.build_ids)
            await _insert(session, kept)
        for alias, target in links.items():
            await _alias(session, alias, target, by_hand=True, at_ms=0)
        await session.execute(delete(Firmware).where(Firmware.build_id.in_(left), Firmware.state == "ready"))
        await session.execute(delete(FirmwareAlias).where(FirmwareAlias.alias.in_(unlinked), FirmwareAlias.by_hand))
    log.info("the list follows the store", added=len(found), linked=len(links), removed=len(left))
    return True


def _without(store: Store, key: Callable[[str], str], names: Iterable[str]) -> set[str]:
    """Those of the names whose object is not in the store."""
    return {name for name in names if not store.exists(key(name))}


def _read_all(store: Store, names: Sequence[str]) -> list[Kept]:
    """The firmware under names, each file once; a folder with only a link, or half of a firmware, is none."""
    found: dict[str, Kept] = {}
    for name in names:
        try:
            kept = _read(store, name)
        except (NoSuchObject, FileNotFoundError):
            continue
        except FaultcastError as error:
            log.warning("a firmware of the store cannot be listed", build_id=name, code=error.code, reason=str(error))
            continue
        before = found.get(kept.build_ids[0], kept)
        found[kept.build_ids[0]] = replace(kept, build_ids=tuple(dict.fromkeys(before.build_ids + kept.build_ids)))
    return list(found.values())


def _read(store: Store, name: str) -> Kept:
    elf, index = store.path(elf_key(name)).stat(), store.path(index_key(name, FORMAT_VERSION))
    own = (each.hex() for each in SymbolIndex.open(index).build_ids)
    return Kept(tuple(dict.fromkeys((*own, name))), elf.st_size, index.stat().st_size, int(elf.st_mtime * 1000))


def _links(store: Store, names: set[str]) -> dict[str, str]:
    """What each of the names is linked to, where it is."""
    found: dict[str, str] = {}
    for name in sorted(names):
        try:
            found[name] = store.get(link_key(name)).decode("ascii", "replace")
        except NoSuchObject:
            continue
    return found


async def _insert(session: AsyncSession, kept: Kept) -> None:
    insert = insert_into(session, Firmware).values(
        build_id=kept.build_ids[0],
        size=kept.size,
        index_size=kept.index_size,
        state="ready",
        progress=100,
        added_ms=kept.added_ms,
        added_by=BY,
    )
    await session.execute(insert.on_conflict_do_nothing(index_elements=["build_id"]))
    for alias in kept.build_ids[1:]:
        await _alias(session, alias, kept.build_ids[0], by_hand=False, at_ms=kept.added_ms)


async def _alias(session: AsyncSession, alias: str, build_id: str, *, by_hand: bool, at_ms: int) -> None:
    insert = insert_into(session, FirmwareAlias).values(
        alias=alias, build_id=build_id, by_hand=by_hand, account=BY if by_hand else "", at_ms=at_ms
    )
    await session.execute(insert.on_conflict_do_nothing(index_elements=["alias"]))
