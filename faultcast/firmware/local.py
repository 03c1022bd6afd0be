"""Firmware in the store of this machine, for `faultcast firmware` without a server."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from analyzer.firmware import (
    BUILD_ID,
    find_firmware,
    index_firmware,
    link_firmware,
    release,
    remove_firmware,
    send_waiting,
)
from analyzer.sandbox import Sandbox
from faultcast.failure import BAD_USAGE, fail
from faultcast.progress import progress_bar
from runtime.settings import load_settings
from runtime.store import FolderStore
from runtime.streams import connect_streams, verify_streams


def add(files: Sequence[Path]) -> None:
    """Index files and release the dumps that wait for them."""
    settings = load_settings()

    async def run() -> None:
        store = FolderStore(settings.store)
        store.verify()
        redis = connect_streams(settings)
        sandbox = Sandbox(seconds=600, memory=max(settings.analysis_memory, 4 << 30))
        try:
            await verify_streams(redis, settings)
            for path in files:
                with progress_bar(f"indexing {path.name}") as progress:
                    names = await index_firmware(path, store, sandbox, progress)
                released = sum([1 for name in names async for _ in release(redis, settings, name)])
                typer.echo(f"{path}: build id {names[0]}")
                for name in names[1:]:
                    typer.echo(f"  also known as {name}")
                if released:
                    typer.echo(f"  {released} waiting dump(s) will be analysed again")
        finally:
            await sandbox.close()
            await redis.aclose()

    asyncio.run(run())


def link(build_id: str, firmware: str) -> None:
    """Use a firmware for dumps of another build id."""
    for given in (build_id, firmware):
        if not BUILD_ID.fullmatch(given):
            raise fail(f"{given!r} is no build id: 2 to 128 of 0-9 a-f are expected", BAD_USAGE)
    settings = load_settings()
    store = FolderStore(settings.store)
    if (found := find_firmware(store, firmware)) is None or found.linked:
        raise fail(f"there is no firmware {firmware} (faultcast firmware list)", BAD_USAGE)

    async def run() -> None:
        async with connect_streams(settings) as redis:
            await verify_streams(redis, settings)
            link_firmware(store, build_id, firmware)
            sent = sum([1 async for _ in send_waiting(redis, settings, build_id)])
            typer.echo(f"dumps of {build_id} are analysed with {firmware}; {sent} that waited are on their way")

    asyncio.run(run())


def show() -> None:
    """List what is there."""
    root = load_settings().store / "firmware"
    table = Table("build id", "index", "added", box=None, pad_edge=False)
    for index in sorted(root.glob("*/index.v*"), key=lambda path: path.stat().st_mtime):
        facts = index.stat()
        added = datetime.fromtimestamp(facts.st_mtime, UTC).strftime("%Y-%m-%d %H:%M UTC")
        table.add_row(index.parent.name, f"{facts.st_size / 1024:.0f} KiB", added)
    if table.row_count:
        Console().print(table)
    else:
        typer.echo(f"no firmware in {root.parent} yet: faultcast firmware add build/zephyr/zephyr.elf")


def remove(build_id: str) -> None:
    """Remove a firmware under one of its build ids."""
    if not BUILD_ID.fullmatch(build_id):
        raise fail(f"{build_id!r} is no build id: 2 to 128 of 0-9 a-f are expected", BAD_USAGE)
    freed = remove_firmware(FolderStore(load_settings().store), build_id)
    if not freed:
        raise fail(f"there is no firmware {build_id} (faultcast firmware list)", BAD_USAGE)
    typer.echo(f"removed {build_id}, {freed / 1024:.0f} KiB")
