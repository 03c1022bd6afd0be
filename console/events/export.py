"""Crashes as CSV and as JSON lines, written while they are read, a batch at a time."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

from console.database import Database
from console.events.filter import EventFilter
from console.events.query import CrashRow, Cursor, page_of
from console.events.shapes import Event

BATCH: Final = 1000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
COLUMNS: Final = tuple(Event.model_fields)


def csv_of(rows: Iterable[CrashRow]) -> str:
    """Lines of CSV (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        values = Event.of(row).model_dump()
        writer.writerow([_cell(values[column]) for column in COLUMNS])
    return text.getvalue()


def _cell(value: object) -> object:
    """A value that no spreadsheet takes for a formula: names come from devices."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def json_of(rows: Iterable[CrashRow]) -> str:
    """JSON lines: one object each."""
    return "".join(f"{Event.of(row).model_dump_json()}\n" for row in rows)


HEAD: Final = {"csv": ",".join(COLUMNS) + "\r\n", "jsonl": ""}
FORMATS: Final[dict[str, tuple[str, Callable[[Iterable[CrashRow]], str]]]] = {
    "csv": ("text/csv; charset=utf-8", csv_of),
    "jsonl": ("application/x-ndjson", json_of),
}


async def export(database: Database, asked: EventFilter, now_ms: int, kind: str) -> AsyncIterator[str]:
    """All crashes that fit, newest first; a session for each batch, so that a slow reader holds no transaction."""
    yield HEAD[kind]
    write = FORMATS[kind][1]
    cursor: Cursor | None = None
    while True:
        async with database.reading() as session:
            page = await page_of(session, asked, now_ms, cursor, BATCH)
        yield write(page.crashes)
        cursor = page.older
        if cursor is None:
            return
