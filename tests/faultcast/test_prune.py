"""The command that removes what is old."""

import os
from pathlib import Path

import pytest
from support.crashes import START_MS, crash_payload
from typer.testing import CliRunner

from console.database import open_database
from console.database.migrate import migrate
from console.intake.apply import apply
from console.intake.record import read_record
from faultcast.cli import app
from runtime.store import FolderStore, dump_key


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    """An old crash and its dump."""
    monkeypatch.chdir(tmp_path)
    store = FolderStore(tmp_path / "store")
    monkeypatch.setenv("FAULTCAST_STORE", str(store.root))
    database = open_database(f"sqlite+aiosqlite:///{tmp_path / 'console.db'}")
    await migrate(database)
    async with database.writing() as session:
        record = read_record(crash_payload(time_ms=START_MS - 1_000 * 86_400_000))
        await apply(session, "s", "1-0", [record], START_MS)
    await database.close()
    store.put(dump_key("ab" * 32), b"x" * 2048)
    os.utime(store.path(dump_key("ab" * 32)), (0, 0))
    return store


def prune(*words: str) -> list[str]:
    answer = CliRunner().invoke(app, ["prune", *words])
    assert answer.exit_code == 0, answer.output
    return answer.output.splitlines()


def test_a_dry_run_says_what_would_go_and_the_real_one_what_went(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert prune("--dry-run") == [
        "would remove 1 dump(s), 2.0 KiB",
        "would remove 0 report(s), 0 bytes",
        "would remove 0 event(s)",
    ]
    assert store.exists(dump_key("ab" * 32))
    assert prune()[0] == "removed 1 dump(s), 2.0 KiB"
    assert not store.exists(dump_key("ab" * 32))
    monkeypatch.setenv("FAULTCAST_KEEP_EVENTS_DAYS", "30")
    assert prune()[2] == "removed 1 event(s)"
    assert prune()[2] == "removed 0 event(s)"


def test_a_setting_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULTCAST_KEEP_DUMPS_DAYS", "-1")
    answer = CliRunner().invoke(app, ["prune"])
    assert answer.exit_code == 2
    assert "FAULTCAST_KEEP_DUMPS_DAYS" in answer.stderr
