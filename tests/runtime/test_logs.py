"""Logs: one JSON object a line, whoever logs and whatever is in it."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from runtime.logs import configure_logs, get_logger
from runtime.settings import Settings

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Logging is the process's: give back what was there."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    client_level = logging.getLogger("aiomqtt").level
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.getLogger("aiomqtt").setLevel(client_level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """What was logged since the last call, parsed; fails where a line is no object of its own."""

    def read() -> list[dict[str, Any]]:
        captured = capsys.readouterr()
        assert captured.out == ""
        return [json.loads(line) for line in captured.err.splitlines()]

    return read


def configure(**changes: object) -> None:
    configure_logs(Settings(worker="w7", _env_file=None, **changes), "ingest")  # type: ignore[arg-type]


def test_a_line_says_what_when_who_and_how_grave(lines: Lines) -> None:
    configure()
    get_logger("x").info("dump stored", device="d1", size=4096)
    (line,) = lines()
    moment = datetime.fromisoformat(line.pop("timestamp"))
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60
    assert line == {
        "event": "dump stored",
        "device": "d1",
        "size": 4096,
        "level": "info",
        "stage": "ingest",
        "worker": "w7",
    }


@pytest.mark.parametrize(
    "value",
    [
        "two\nlines",
        "\r\n",
        "\u2028",
        '"quoted"',
        "\x1b[31m",
        "é😀",
        b"\xff\x00",
        {"a": [1]},
        object(),
        float("nan"),
        None,
    ],
)
def test_whatever_is_in_it_it_stays_one_line(lines: Lines, value: object) -> None:
    configure()
    get_logger("x").warning("odd", value=value)
    (line,) = lines()
    assert line["event"] == "odd"
    assert "value" in line


def test_an_exception_is_in_the_same_line(lines: Lines) -> None:
    configure()
    try:
        _ = 1 // 0
    except ZeroDivisionError as error:
        get_logger("x").error("failed", exc_info=error)
    (line,) = lines()
    assert "ZeroDivisionError" in line["exception"]
    assert "\n" in line["exception"]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_exception_does_not_tell_the_values_of_variables(
    capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    configure(log_format=log_format)
    secret = str(0x5EC2E7)
    try:
        _ = len(secret) // 0
    except ZeroDivisionError:
        get_logger("x").exception("failed")
    told = capsys.readouterr().err
    assert "ZeroDivisionError" in told
    assert secret not in told


def test_what_libraries_log_has_the_same_form(lines: Lines) -> None:
    configure()
    logging.getLogger("uvicorn.error").warning("port %d\nis taken", 80)
    try:
        _ = 1 // 0
    except ZeroDivisionError:
        logging.getLogger("asyncio").exception("Task exception was never retrieved")
    first, second = lines()
    assert (first["event"], first["level"], first["worker"]) == ("port 80\nis taken", "warning", "w7")
    assert "ZeroDivisionError" in second["exception"]


def test_what_threads_and_tasks_log_names_the_worker_too(lines: Lines) -> None:
    configure()

    async def run() -> None:
        log = get_logger("x")
        await asyncio.to_thread(log.info, "from a thread")
        await asyncio.create_task(asyncio.to_thread(log.info, "from a task"))

    asyncio.run(run())
    assert [line["worker"] for line in lines()] == ["w7", "w7"]


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("debug", ["d", "i", "w", "e", "lib"]),
        ("info", ["i", "w", "e", "lib"]),
        ("warning", ["w", "e"]),
        ("error", ["e"]),
    ],
)
def test_the_level_is_the_least_that_is_logged(lines: Lines, level: str, expected: list[str]) -> None:
    configure(log_level=level)
    log = get_logger("x")
    log.debug("d")
    log.info("i")
    log.warning("w")
    log.error("e")
    logging.getLogger("lib").info("lib")
    assert [line["event"] for line in lines()] == expected


def test_a_logger_made_before_the_configuration_follows_it(lines: Lines) -> None:
    log = get_logger("x")
    configure()
    log.info("hello")
    assert [line["worker"] for line in lines()] == ["w7"]


def test_configuring_twice_logs_once(lines: Lines) -> None:
    configure()
    configure()
    get_logger("x").info("hello")
    assert len(lines()) == 1


def test_the_other_format_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure(log_format="console")
    get_logger("x").info("dump stored", device="d1")
    text = capsys.readouterr().err
    assert "dump stored" in text
    assert "device=d1" in text
    assert not text.startswith("{")
