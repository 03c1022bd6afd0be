"""`faultcast prune`: old dumps, reports and events go, by hand."""

from typing import TYPE_CHECKING, Annotated

import typer

from faultcast.failure import failing_clearly

if TYPE_CHECKING:
    from console.retention.prune import Pruned


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and remove nothing.")] = False,
) -> None:
    """Remove dumps, reports and events that are older than they are kept, and say what went.

    The console does the same by itself. How long what is kept: FAULTCAST_KEEP_DUMPS_DAYS, FAULTCAST_KEEP_REPORTS_DAYS,
    FAULTCAST_KEEP_EVENTS_DAYS; 0 keeps for ever.
    """
    with failing_clearly():
        import asyncio
        import time

        from console.database import open_database
        from console.database.migrate import migrate
        from console.retention import policy
        from console.retention import prune as retention
        from console.settings import load_console_settings
        from runtime.store import FolderStore

        settings = load_console_settings()
        before = policy.cutoffs(
            time.time_ns() // 1_000_000,
            dumps_days=settings.keep_dumps_days,
            reports_days=settings.keep_reports_days,
            events_days=settings.keep_events_days,
        )
        work = retention.preview if dry_run else retention.prune

        async def run() -> "Pruned":
            store = FolderStore(settings.store)
            store.verify()
            database = open_database(settings.database)
            try:
                await migrate(database)
                return await work(database, store, before)
            finally:
                await database.close()

        pruned = asyncio.run(run())
        verb = "would remove" if dry_run else "removed"
        typer.echo(f"{verb} {pruned.dumps} dump(s), {_size(pruned.dump_bytes)}")
        typer.echo(f"{verb} {pruned.reports} report(s), {_size(pruned.report_bytes)}")
        typer.echo(f"{verb} {pruned.events} event(s)")


def _size(count: int) -> str:
    """A number of bytes for people."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
