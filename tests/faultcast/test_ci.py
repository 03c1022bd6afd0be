"""The snippets of `faultcast ci` do what they say."""

import asyncio
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from redis.asyncio import Redis
from sqlalchemy import select
from support.live_console import LiveConsole, live_console
from support.services import free_port
from typer.testing import CliRunner

from console.database.tables import Firmware
from console.people.roles import Scope
from faultcast.cli import app
from runtime.settings import Settings

ELF = Path(__file__).parent.parent / "golden" / "cortex-m" / "null-deref-Os" / "firmware.elf"

PROJECT = """\
cmake_minimum_required(VERSION 3.20)
project(app C)
add_executable(app main.c)
target_link_options(app PRIVATE -Wl,--build-id)
include(faultcast.cmake)
faultcast_upload(app)
"""
ZEPHYR = """\
cmake_minimum_required(VERSION 3.20)
include(${CMAKE_CURRENT_LIST_DIR}/faultcast.cmake)
project(app C)
# What find_package(Zephyr) does with the commands.
add_executable(app main.c)
set_target_properties(app PROPERTIES OUTPUT_NAME zephyr.elf RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/zephyr)
get_property(commands GLOBAL PROPERTY extra_post_build_commands)
add_custom_command(TARGET app POST_BUILD ${commands})
"""


def snippet(system: str) -> str:
    answer = CliRunner().invoke(app, ["ci", system])
    assert answer.exit_code == 0
    return answer.output


def run(*words: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FAULTCAST_")}
    return subprocess.run(
        words, env=environment | variables, cwd=folder, capture_output=True, text=True, timeout=90, check=False
    )


@pytest.fixture
async def console(settings: Settings, redis: Redis, tmp_path: Path) -> AsyncIterator[LiveConsole]:
    async with live_console(settings, redis, tmp_path) as console:
        yield console


async def uploads(console: LiveConsole) -> list[tuple[str, str, int]]:
    async with console.services.database.reading() as session:
        rows = await session.scalars(select(Firmware).order_by(Firmware.id))
        return [(row.file_name, row.version, row.size) for row in rows]


def test_without_a_name_the_choices_are_told() -> None:
    answer = CliRunner().invoke(app, ["ci"])
    assert answer.exit_code == 0
    for system in ("github", "gitlab", "cmake", "west"):
        assert f"faultcast ci {system}" in answer.output
    assert CliRunner().invoke(app, ["ci", "make"]).exit_code == 2


def command_of(system: str) -> str:
    """The shell command of a pipeline's snippet."""
    parsed = yaml.safe_load(snippet(system))
    if system == "gitlab":
        job = parsed["symbols"]
        assert job["rules"] == [{"if": "$FAULTCAST_SERVER"}]
        return job["script"][0]
    step = parsed["jobs"]["symbols"]["steps"][-1]
    assert step["if"] == "vars.FAULTCAST_SERVER != ''"
    return step["run"]


@pytest.mark.services
@pytest.mark.parametrize("system", ["github", "gitlab"])
async def test_a_pipeline_uploads_and_fails_where_it_may_not(console: LiveConsole, system: str, tmp_path: Path) -> None:
    command = command_of(system)
    variables = {
        "FAULTCAST_SERVER": console.url,
        "FAULTCAST_TOKEN": await console.token(Scope.UPLOAD),
        "ELF": str(ELF),
        "GITHUB_SHA": "0a1b",
        "CI_COMMIT_SHA": "0a1b",
    }
    done = await asyncio.to_thread(run, "sh", "-c", command, folder=tmp_path, **variables)
    assert done.returncode == 0, done.stderr
    assert '"state":"indexing"' in done.stdout
    assert await uploads(console) == [("firmware.elf", "0a1b", ELF.stat().st_size)]
    variables["FAULTCAST_TOKEN"] = "fc_wrong"  # noqa: S105
    done = await asyncio.to_thread(run, "sh", "-c", command, folder=tmp_path, **variables)
    assert done.returncode != 0
    assert "sign-in-needed" in done.stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    if shutil.which("cmake") is None or shutil.which("cc") is None:
        pytest.skip("CMake or a C compiler is not installed")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "main.c").write_text("int main(void) { return 0; }\n")
    return folder


def on_the_path(folder: Path) -> str:
    """A PATH with the program `faultcast`."""
    program = folder / "faultcast"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={Path(__file__).parents[2]} exec {sys.executable} -m faultcast "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    return f"{folder}:{os.environ['PATH']}"


def build(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    configured = run("cmake", "-S", ".", "-B", "build", folder=folder, **variables)
    assert configured.returncode == 0, configured.stderr
    (folder / "main.c").write_text((folder / "main.c").read_text() + "\n")
    return run("cmake", "--build", "build", folder=folder, **variables)


@pytest.mark.services
@pytest.mark.parametrize(("system", "lists", "name"), [("cmake", PROJECT, "app"), ("west", ZEPHYR, "zephyr.elf")])
async def test_each_build_uploads_and_none_fails_for_it(
    *, console: LiveConsole, project: Path, tmp_path: Path, system: str, lists: str, name: str
) -> None:
    (project / "faultcast.cmake").write_text(snippet(system))
    (project / "CMakeLists.txt").write_text(lists)
    path = {"PATH": on_the_path(tmp_path)}
    done = await asyncio.to_thread(build, project, **path)
    assert (done.returncode, "Warning" in done.stderr) == (0, False), done.stderr
    there = {"FAULTCAST_SERVER": console.url, "FAULTCAST_TOKEN": await console.token(Scope.UPLOAD)}
    done = await asyncio.to_thread(build, project, **path, **there)
    assert done.returncode == 0, done.stderr
    assert "its index is being built" in done.stdout
    assert [each[0] for each in await uploads(console)] == [name]
    gone = {"FAULTCAST_SERVER": f"http://127.0.0.1:{free_port()}", "FAULTCAST_TOKEN": "fc_x"}
    done = await asyncio.to_thread(build, project, **path, **gone)
    assert done.returncode == 0, done.stderr
    assert "the build goes on" in done.stderr
    done = await asyncio.to_thread(build, project, **gone)
    assert done.returncode == 0, done.stderr
