"""Firmware in the store: its symbol index under each of its build ids, and the dumps that wait for it."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import msgspec
from redis.asyncio import Redis

from analyzer.requests import Indexed, IndexFirmware
from analyzer.sandbox import Sandbox
from analyzer.symbols.format.container import FORMAT_VERSION
from analyzer.symbols.progress import Progress, unheard
from contract.errors import BadFirmware, InputError
from contract.identity import partition_of
from contract.records import FIELD, DumpItem, Keys, decode_item, encode_record
from runtime.settings import Settings
from runtime.store import Store, elf_key, index_key, link_key
from runtime.streams import stream_errors

BUILD_ID = re.compile(r"[0-9a-f]{2,128}")
"""A build id in hexadecimal."""


class FoundFirmware(msgspec.Struct, frozen=True):
    """A firmware that dumps can be analysed with."""

    index: Path
    """Its symbol index, a local file."""
    linked: str = ""
    """Its build id, hexadecimal, where it is another one than the device sent: a person chose it."""


def find_firmware(store: Store, build_id: str, chosen: str = "") -> FoundFirmware | None:
    """The firmware for a build id (hexadecimal); None when there is none.

    `chosen` is the build id of the one that a person chose for a single dump.
    """
    if chosen:
        return _found(store, chosen, chosen)
    return _found(store, build_id) or _linked(store, build_id)


def _found(store: Store, build_id: str, linked: str = "") -> FoundFirmware | None:
    key = index_key(build_id, FORMAT_VERSION)
    return FoundFirmware(store.path(key), linked) if build_id and store.exists(key) else None


def _linked(store: Store, build_id: str) -> FoundFirmware | None:
    if not build_id or not store.exists(link_key(build_id)):
        return None
    target = store.get(link_key(build_id)).decode("ascii", "replace")
    return _found(store, target, target) if BUILD_ID.fullmatch(target) else None


def link_firmware(store: Store, build_id: str, target: str) -> None:
    """From now on, analyse dumps of a build id with the firmware of another one; both hexadecimal."""
    store.put(link_key(build_id), target.encode("ascii"))


def unlink_firmware(store: Store, build_id: str) -> None:
    """Undo `link_firmware`; what was analysed stays as it is."""
    store.delete(link_key(build_id))


def remove_firmware(store: Store, build_id: str) -> int:
    """Remove what is kept under a build id; returns the bytes that were freed, 0 where there was nothing."""
    return sum(store.delete(key) for key in (elf_key(build_id), index_key(build_id, FORMAT_VERSION)))


async def index_firmware(elf: Path, store: Store, sandbox: Sandbox, progress: Progress = unheard) -> list[str]:
    """Build the index of an ELF file and keep both; returns its build ids, best first.

    Raises:
        BadFirmware: the file cannot be used; says why.
        StoreUnavailable: it cannot be kept.
    """
    with tempfile.TemporaryDirectory(prefix="faultcast-") as folder:
        output = Path(folder) / "index"
        try:
            reply = await sandbox.ask(IndexFirmware(str(elf), str(output)), progress)
        except InputError as error:
            raise BadFirmware(f"{elf}: {error}") from error
        if not isinstance(reply, Indexed) or not reply.build_ids:
            raise BadFirmware(f"{elf} has no build id and no contents to make one of")
        names = [build_id.hex() for build_id in reply.build_ids]
        for name in names:
            await asyncio.to_thread(store.put_file, elf_key(name), elf)
            await asyncio.to_thread(store.put_file, index_key(name, FORMAT_VERSION), output)
    return names


async def park(redis: Redis, settings: Settings, build_id: str, item: DumpItem) -> None:
    """Remember a dump under the build id of the firmware it waits for."""
    with stream_errors():
        await redis.hset(Keys(settings.key_prefix).waiting(build_id), item.event_id, encode_record(item))


async def send_waiting(redis: Redis, settings: Settings, build_id: str) -> AsyncIterator[DumpItem]:
    """Send every dump that waits for a build id to be analysed again, and let it wait on; yields each when it is sent.

    For links that are made or undone: they stand in until the firmware itself comes.
    """
    keys = Keys(settings.key_prefix)
    with stream_errors():
        waiting = cast("dict[bytes, bytes]", await redis.hgetall(keys.waiting(build_id)))
    for record in waiting.values():
        item = decode_item(record)
        with stream_errors():
            await redis.xadd(keys.dumps(partition_of(item.device, settings.partitions)), {FIELD: record})
        yield item


async def release(redis: Redis, settings: Settings, build_id: str) -> AsyncIterator[DumpItem]:
    """Likewise when the firmware has come: nobody waits for it any more."""
    async for item in send_waiting(redis, settings, build_id):
        with stream_errors():
            await redis.hdel(Keys(settings.key_prefix).waiting(build_id), item.event_id)
        yield item
