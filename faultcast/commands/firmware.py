"""`faultcast firmware`: the ELF files that give names to addresses."""

from pathlib import Path
from typing import Annotated

import typer

from faultcast.failure import BAD_USAGE, fail, failing_clearly
from faultcast.progress import progress_bar

app = typer.Typer(help="Add ELF files, before or after their dumps arrive.", no_args_is_help=True)


@app.command()
def add(
    elf: Annotated[
        list[Path], typer.Argument(help="ELF file with debug information (Zephyr: build/zephyr/zephyr.elf).")
    ],
) -> None:
    """Index ELF files and keep them; dumps that wait for them are analysed again.

    A firmware is found by the build id that its devices send. Adding the same file again changes nothing.
    """
    with failing_clearly():
        import asyncio

        from analyzer.firmware import index_firmware, release
        from analyzer.sandbox import Sandbox
        from runtime.settings import load_settings
        from runtime.store import FolderStore
        from runtime.streams import connect_streams, verify_streams

        for path in elf:
            if not path.is_file():
                raise fail(f"there is no file {path}", BAD_USAGE)
        settings = load_settings()

        async def run() -> None:
            store = FolderStore(settings.store)
            store.verify()
            redis = connect_streams(settings)
            sandbox = Sandbox(seconds=600, memory=max(settings.analysis_memory, 4 << 30))
            try:
                await verify_streams(redis, settings)
                for path in elf:
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


@app.command()
def link(
    build_id: Annotated[str, typer.Argument(help="Build id that devices send (hexadecimal) and no ELF file has.")],
    firmware: Annotated[str, typer.Argument(help="Build id of the firmware to use for it; see `firmware list`.")],
) -> None:
    """Analyse dumps of one build id with the firmware of another one.

    For a build whose ELF file is lost and that can be made again: the same source and compiler give the same code, and
    every report says where dump and firmware differ. Adding the right file later wins over the link.
    """
    with failing_clearly():
        import asyncio

        from analyzer.firmware import BUILD_ID, find_firmware, link_firmware, send_waiting
        from runtime.settings import load_settings
        from runtime.store import FolderStore
        from runtime.streams import connect_streams, verify_streams

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
                released = sum([1 async for _ in send_waiting(redis, settings, build_id)])
                typer.echo(f"dumps of {build_id} are analysed with {firmware}; {released} that waited are on their way")

        asyncio.run(run())


@app.command("list")
def list_() -> None:
    """List the firmwares of the store: build id, size of the index, when it was added."""
    with failing_clearly():
        from datetime import UTC, datetime

        from rich.console import Console
        from rich.table import Table

        from runtime.settings import load_settings

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
