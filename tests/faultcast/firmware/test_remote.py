"""`faultcast firmware … --server` against a console that listens."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import Result
from redis.asyncio import Redis
from support.live_console import LiveConsole, live_console, self_signed
from support.services import free_port
from typer.testing import CliRunner

from console.people.roles import Role, Scope
from faultcast.cli import app
from runtime.settings import Settings

pytestmark = pytest.mark.services

CASE = Path(__file__).parents[2] / "golden" / "cortex-m" / "null-deref-Os"
ELF = CASE / "firmware.elf"
BUILD_ID = json.loads((CASE / "report.json").read_text())["firmware"]["build_id"]


@pytest.fixture
async def console(
    settings: Settings, redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[LiveConsole]:
    monkeypatch.setenv("COLUMNS", "200")
    async with live_console(settings, redis, tmp_path) as console:
        monkeypatch.setenv("FAULTCAST_SERVER", console.url)
        yield console


async def firmware(*words: object, token: str = "", **variables: str) -> Result:
    """`faultcast firmware …`, beside the console's event loop."""
    environment = {"FAULTCAST_TOKEN": token, **variables}
    return await asyncio.to_thread(CliRunner().invoke, app, ["firmware", *map(str, words)], env=environment)


def last_line(answer: Result) -> str:
    """What it says; the console in the same process may have logged before."""
    return answer.stdout.splitlines()[-1]


async def test_a_file_is_uploaded_and_indexed_once(console: LiveConsole) -> None:
    token = await console.token(Scope.UPLOAD)
    answer = await firmware("add", ELF, "--version", "1.4", token=token)
    assert (answer.exit_code, last_line(answer)) == (0, f"{ELF}: build id {BUILD_ID}"), answer.output
    answer = await firmware("add", ELF, "--server", f"{console.url}/", "--token", token)
    assert (answer.exit_code, last_line(answer)) == (0, f"{ELF}: this build was there already; it was indexed again")
    reader = await console.token(Scope.ADMIN)
    answer = await firmware("list", token=reader)
    assert answer.exit_code == 0
    assert BUILD_ID in answer.output
    assert "1.4" in answer.output


async def test_who_does_not_wait_is_told_the_number(console: LiveConsole) -> None:
    answer = await firmware("add", ELF, "--no-wait", token=await console.token(Scope.UPLOAD))
    assert (answer.exit_code, last_line(answer)) == (0, f"{ELF}: uploaded, number 1; its index is being built")


async def test_firmware_is_linked_and_removed(console: LiveConsole) -> None:
    token = await console.token(Scope.ADMIN)
    assert (await firmware("list", token=token)).output.startswith(f"no firmware at {console.url} yet")
    await firmware("add", ELF, token=token)
    answer = await firmware("link", "abcdef", BUILD_ID, token=token)
    assert answer.output == f"dumps of abcdef are analysed with {BUILD_ID}; 0 that waited are on their way\n"
    answer = await firmware("remove", BUILD_ID, token=token)
    assert answer.exit_code == 2
    assert "1 links need this firmware" in answer.stderr
    answer = await firmware("remove", BUILD_ID, "--force", token=token)
    assert answer.exit_code == 0
    assert answer.output.startswith(f"removed {BUILD_ID}")
    answer = await firmware("remove", BUILD_ID, token=token)
    assert answer.exit_code == 2
    assert f"there is no firmware {BUILD_ID}" in answer.stderr


async def test_a_token_that_may_not_is_told_so(console: LiveConsole) -> None:
    answer = await firmware("add", ELF, token="fc_wrong")  # noqa: S106
    assert answer.exit_code == 2
    assert "does not know the token" in answer.stderr
    answer = await firmware("add", ELF, token=await console.token(Scope.READ))
    assert answer.exit_code == 2
    assert "it needs another scope" in answer.stderr
    answer = await firmware("add", ELF, token=await console.token(Scope.UPLOAD, role=Role.VIEWER))
    assert answer.exit_code == 2
    answer = await firmware("list", token=await console.token(Scope.UPLOAD))
    assert answer.exit_code == 2
    answer = await firmware("add", ELF)
    assert answer.exit_code == 2
    assert "wants a token" in answer.stderr


async def test_what_cannot_be_used_is_named(console: LiveConsole, tmp_path: Path) -> None:
    token = await console.token(Scope.UPLOAD)
    cut, text, large = tmp_path / "cut.elf", tmp_path / "zephyr.hex", tmp_path / "large.elf"
    cut.write_bytes(ELF.read_bytes()[:200])
    text.write_text(":020000040000FA")
    large.write_bytes(b"\x7fELF" + bytes(40 << 20))
    object.__setattr__(console.services.settings, "max_firmware_size", 1 << 20)
    for file, words in (
        (cut, "cut.elf cannot be used"),
        (text, "is no ELF file"),
        (large, "FAULTCAST_MAX_FIRMWARE_SIZE"),
        (tmp_path / "none.elf", "there is no file"),
    ):
        answer = await firmware("add", file, token=token)
        assert (answer.exit_code, words in answer.stderr) == (2, True), answer.stderr


async def test_an_index_that_takes_too_long_is_said(console: LiveConsole) -> None:
    console.services.stopping.set()  # nobody indexes any more
    answer = await firmware("add", ELF, "--timeout", "1", token=await console.token(Scope.UPLOAD))
    assert answer.exit_code == 1
    assert "was not done in 1 s" in answer.stderr


async def test_whoever_is_not_there_or_no_console_is_said(console: LiveConsole) -> None:
    for address, code, words in (
        (f"http://127.0.0.1:{free_port()}", 1, "no console answers"),
        ("http://no-such-host.invalid", 1, "no console answers"),
        ("localhost:8080", 2, "is no address of a console"),
        (f"{console.url}/somewhere", 1, "not as a console does"),
    ):
        answer = await firmware("add", ELF, "--server", address, token="fc_x")  # noqa: S106
        assert (answer.exit_code, words in answer.stderr) == (code, True), answer.stderr


async def test_a_certificate_of_ones_own_is_trusted_when_it_is_given(
    settings: Settings, redis: Redis, tmp_path: Path
) -> None:
    files = self_signed(tmp_path)
    tls = {"ssl_keyfile": str(files.key), "ssl_certfile": str(files.certificate)}
    async with live_console(settings, redis, tmp_path, **tls) as console:
        token = await console.token(Scope.UPLOAD)
        answer = await firmware("add", ELF, "--server", console.url, token=token)
        assert answer.exit_code == 1
        assert "--ca-file" in answer.stderr
        trusted = {"FAULTCAST_CA_FILE": str(files.certificate)}
        answer = await firmware("add", ELF, "--no-wait", "--server", console.url, token=token, **trusted)
        assert answer.exit_code == 0, answer.output
        answer = await firmware("add", ELF, "--server", console.url, "--ca-file", ELF, token=token)
        assert answer.exit_code == 2
        assert "holds no certificates" in answer.stderr
