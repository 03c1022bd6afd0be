"""What a worker verifies: each dependency by its name, and only those it has."""

from pathlib import Path

import pytest
from support.services import free_port

from contract.errors import BrokerUnavailable, StoreUnavailable, StreamsUnavailable
from runtime.checks import dependency_checks
from runtime.settings import Settings
from runtime.store import FolderStore


@pytest.mark.services
async def test_dependencies_that_are_there_pass(settings: Settings) -> None:
    checks = dependency_checks(settings, FolderStore(settings.store))
    assert list(checks) == ["broker", "redis", "store"]
    for check in checks.values():
        await check()


def test_a_worker_that_writes_no_dumps_needs_no_store() -> None:
    assert list(dependency_checks(Settings(_env_file=None))) == ["broker", "redis"]


async def test_each_that_is_away_fails_by_its_own_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = Settings(
        broker_url=f"mqtt://127.0.0.1:{free_port()}", redis_url=f"redis://127.0.0.1:{free_port()}", _env_file=None
    )
    checks = dependency_checks(settings, FolderStore(tmp_path / "file"))
    for name, error in (("broker", BrokerUnavailable), ("redis", StreamsUnavailable), ("store", StoreUnavailable)):
        with pytest.raises(error):
            await checks[name]()
