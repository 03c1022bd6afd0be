"""The OpenAPI document and the page that shows it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from support.console import SignIn

METHODS = {"get", "put", "post", "patch", "delete"}


@pytest.fixture
def database_url(tmp_path: Path, migrated_file: Path) -> str:
    """SQLite only: the document does not depend on the database."""
    shutil.copyfile(migrated_file, tmp_path / "console.db")
    return f"sqlite+aiosqlite:///{tmp_path / 'console.db'}"


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS & set(item):
            yield f"{method} {path}", item[method]


@pytest.mark.parametrize("path", ["/docs", "/api/v1/openapi.json"])
async def test_the_reference_is_for_people_who_signed_in(client: AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code in (303, 401)
    assert "paths" not in answer.text


async def test_the_page_brings_everything_along(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in()
    page = await client.get("/docs")
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert "style=" not in page.text
    assert "unsafe" not in page.headers["content-security-policy"]
    for name in ("vendor/swagger-ui-5.35.0-bundle.js", "vendor/swagger-ui-5.35.0.css", "js/reference.js"):
        assert (await client.get(f"/static/{name}")).status_code == 200


async def test_every_operation_says_what_it_does_and_what_it_answers(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in()
    document = (await client.get("/api/v1/openapi.json")).json()
    assert set(document["components"]["securitySchemes"]) == {"token", "session"}
    assert document["security"] == [{"token": []}, {"session": []}]
    lacking: list[str] = []
    for name, operation in operations(document):
        lacking += [f"{name}: {part}" for part in ("summary", "description", "tags") if not operation.get(part)]
        right = {status: told for status, told in operation["responses"].items() if status.startswith("2")}
        for status, told in right.items():
            kinds = told.get("content", {})
            if status != "204" and not (kinds and all("schema" in kind for kind in kinds.values())):
                lacking.append(f"{name}: what {status} sends")
        if not right or "default" not in operation["responses"]:
            lacking.append(f"{name}: its answers")
    assert lacking == []
    tags = {tag for _, operation in operations(document) for tag in operation["tags"]}
    assert tags == {tag["name"] for tag in document["tags"]}
