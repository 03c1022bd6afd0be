"""What a person sees who types something."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.services import free_port

CASE = Path(__file__).parent.parent / "golden" / "cortex-m" / "null-deref-Os"


def faultcast(*words: object, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "faultcast", *map(str, words)],
        env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command() -> None:
    answer = faultcast("--help")
    assert answer.returncode == 0
    for command in ("up", "analyze", "watch", "report", "firmware", "config", "send", "fleet", "ingest", "reassembler"):
        assert f"│ {command} " in answer.stdout


def test_config_lists_every_setting_and_its_value() -> None:
    answer = faultcast("config", FAULTCAST_PARTITIONS="3")
    assert "FAULTCAST_PARTITIONS = 3" in answer.stdout
    assert "FAULTCAST_BROKER_URL = mqtt://127.0.0.1:1883" in answer.stdout


def test_config_shows_no_password() -> None:
    answer = faultcast("config", FAULTCAST_BROKER_URL="mqtt://worker:geheim@host:1884")
    assert "FAULTCAST_BROKER_URL = mqtt://worker:***@host:1884" in answer.stdout
    assert "geheim" not in answer.stdout


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"FAULTCAST_PARTITIONS": "many"}, "FAULTCAST_PARTITIONS: Input should be a valid integer"),
        ({"FAULTCAST_BROKER_URL": "localhost"}, "expected mqtt://[user:password@]host[:port]"),
        ({"FAULTCAST_TOPIC_ROOT": "a/#"}, "must be plain levels"),
    ],
)
def test_a_wrong_setting_is_named(variables: dict[str, str], message: str) -> None:
    answer = faultcast("ingest", **variables)
    assert answer.returncode == 2
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_broker_that_is_not_there_is_said_with_what_to_check() -> None:
    port = free_port()
    answer = faultcast("watch", FAULTCAST_BROKER_URL=f"mqtt://127.0.0.1:{port}")
    assert answer.returncode == 1
    assert f"no MQTT broker at 127.0.0.1:{port}" in answer.stderr
    assert "is FAULTCAST_BROKER_URL right?" in answer.stderr


def test_a_redis_that_is_not_there_is_said_with_what_to_check(tmp_path: Path) -> None:
    variables = {"FAULTCAST_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0", "FAULTCAST_STORE": str(tmp_path)}
    answer = faultcast("firmware", "add", CASE / "firmware.elf", **variables)
    assert answer.returncode == 1
    assert "Redis cannot be reached" in answer.stderr
    assert "is FAULTCAST_REDIS_URL right?" in answer.stderr


def test_an_event_id_that_is_none_is_bad_usage(tmp_path: Path) -> None:
    answer = faultcast("report", "../../etc/passwd", FAULTCAST_STORE=str(tmp_path))
    assert answer.returncode == 2
    assert "is not the id of a crash event" in answer.stderr


def test_an_unknown_event_is_said(tmp_path: Path) -> None:
    answer = faultcast("report", "14fab6a9-d6d6-5520-a495-89f28d1cdff5", FAULTCAST_STORE=str(tmp_path))
    assert answer.returncode == 1
    assert "the store has no report/14fab6a9" in answer.stderr
