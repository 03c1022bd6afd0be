"""Schemathesis against the API over HTTP: nothing that it makes up ends in a 5xx, or in what the document denies."""

import asyncio
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as effort
from redis.asyncio import Redis
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from support.alerts import fill_alerts
from support.fleet import Fleet, fill
from support.symbols import LINKED, SHOWN, STUCK, fill_firmware

from console.app import create_app
from console.database import open_database
from console.people.accounts import create_account
from console.people.clock import now_ms
from console.people.password import NewPassword
from console.people.roles import Role, Scope
from console.people.tokens import create_token
from console.settings import ConsoleSettings
from console.web.services import Services
from runtime.settings import Settings
from runtime.store import FolderStore

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 5
"""Of each operation and mode; all of them together take about a minute."""
OUT_OF_REACH = 4_242_424_242
"""Number of the account and the token that act, which nothing made up removes."""
ENDLESS = "/api/v1/events/live"
"""Answers for ever: what it sends is tested with the events."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Api:
    """The application on a port, with the token of an admin."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        console = settings.model_dump() | {"database_url": f"sqlite:///{folder / 'console.db'}"}
        self.settings = ConsoleSettings(**console, _env_file=None)
        self.token = ""
        self.document: dict[str, Any] = {}
        self.url = ""
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Self:
        self._thread.start()
        while not (self._server and self._server.started):
            assert self._thread.is_alive()
            time.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.should_exit = True
        self._thread.join()

    async def _serve(self) -> None:
        redis = Redis.from_url(self.settings.redis_url, protocol=2)
        database = open_database(self.settings.database)
        store = FolderStore(self.settings.store)
        await fill(database, Fleet(crashes=300, profiles=30, devices=9, days=20))
        await fill_firmware(database, store)
        await fill_alerts(database, now_ms())
        async with database.writing() as session:
            account = await create_account(session, "ada", Role.ADMIN, 0, password=NewPassword("x"))
            account.id = OUT_OF_REACH
            await session.flush()
            row, self.token = await create_token(session, account.id, "test", [Scope.ADMIN], days=None, now_ms=now_ms())
            row.id = OUT_OF_REACH
            for name in ("bob", "eve"):  # to be found, changed and removed
                account = await create_account(session, name, Role.VIEWER, 0, password=NewPassword("x"))
                await create_token(session, account.id, name, [Scope.READ], days=None, now_ms=now_ms())
        app = create_app(Services(self.settings, database, redis, store))
        self.document = app.openapi()
        for path in self.document["paths"].values():  # each answer must be one that its operation names
            for operation in path.values():
                del operation["responses"]["default"]
        self._server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none"))
        await self._server.serve()
        if hasattr(app.state, "inspector"):
            await app.state.inspector.close()
        await database.close()
        await redis.aclose()


@pytest.fixture
def api(settings: Settings, migrated_file: Path, tmp_path: Path) -> Iterator[Api]:
    shutil.copyfile(migrated_file, tmp_path / "console.db")
    FolderStore(settings.store).verify()
    with Api(settings, tmp_path) as api:
        yield api


def known(case: Case, turn: int) -> None:
    """Ask for what is there: what is made up hardly ever is."""
    there: dict[str, object] = {"event_id": (SHOWN, STUCK, LINKED)[turn % 3], "name": "gateway-00005"}
    for name in case.path_parameters or {}:
        case.path_parameters[name] = there.get(name, case.path_parameters[name])
        if name in ("number", "target_id", "rule_id", "delivery_id"):
            case.path_parameters[name] = turn % 4 + 1


def operations(schema: BaseSchema) -> list[APIOperation]:
    return [found.ok() for found in schema.get_all_operations() if found.ok().path != ENDLESS]


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_api_keeps_its_word(api: Api, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_dict(api.document)
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS
    headers = {"Authorization": f"Bearer {api.token}"}
    wrong: list[str] = []
    statuses: Counter[int] = Counter()
    for operation in operations(schema):

        @given(case=operation.as_strategy(generation_mode=mode))
        @effort(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Case) -> None:
            if mode is GenerationMode.POSITIVE:
                known(case, statuses.total())
            answer = case.call(base_url=api.url, headers=headers)
            statuses[answer.status_code] += 1
            case.validate_response(answer, checks=checks)

        try:
            ask()
        except (Exception, FailureGroup) as error:  # noqa: BLE001 - all of them are told at the end
            wrong.append(f"{operation.label}: {error}")
    print(statuses)
    assert 401 not in statuses  # it acted until the end
    assert not wrong, "\n\n".join(wrong)
