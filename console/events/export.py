"""Crashes as CSV and as JSON lines, written while they are read, a batch at a time."""

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

from console.database import Database
from console.database.undisturbed import undisturbed
from console.events.filter import EventFilter
from console.events.query import CrashRow, Cursor, Page, page_of
from console.events.shapes import Event
from console.web.spreadsheet import MEDIA_TYPE, csv_lines

BATCH: Final = 1000
COLUMNS: Final = tuple(Event.model_fields)


def csv_of(rows: Iterable[CrashRow]) -> str:
    """Lines of CSV."""
    values = (Event.of(row).model_dump() for row in rows)
    return csv_lines([each[column] for column in COLUMNS] for each in values)


def json_of(rows: Iterable[CrashRow]) -> str:
    """JSON lines: one object each."""
    return "".join(f"{Event.of(row).model_dump_json()}\n" for row in rows)


HEAD: Final = {"csv": ",".join(COLUMNS) + "\r\n", "jsonl": ""}
FORMATS: Final[dict[str, tuple[str, Callable[[Iterable[CrashRow]], str]]]] = {
    "csv": (MEDIA_TYPE, csv_of),
    "jsonl": ("application/x-ndjson", json_of),
}


async def _page(database: Database, asked: EventFilter, now_ms: int, cursor: Cursor | None) -> Page:
    async with database.reading() as session:
        return await page_of(session, asked, now_ms, cursor, BATCH)


async def export(database: Database, asked: EventFilter, now_ms: int, kind: str) -> AsyncIterator[str]:
    """All crashes that fit, newest first; a session for each batch, so that a slow reader holds no transaction."""
    yield HEAD[kind]
    write = FORMATS[kind][1]
    cursor: Cursor | None = None
    while True:
        page = await undisturbed(_page(database, asked, now_ms, cursor))
        yield write(page.crashes)
        cursor = page.older
        if cursor is None:
            return
