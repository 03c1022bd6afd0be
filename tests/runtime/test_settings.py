"""Settings: what is wrong is named by its variable, in words, before anything starts."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from contract.chunk import MAX_CHUNK_SIZE, MAX_DUMP_SIZE
from contract.topics import Topics
from faultcast.cli import app
from runtime.settings import BadSettings, Broker, Settings, load_settings


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"FAULTCAST_{name.upper()}", raising=False)


def test_every_setting_has_a_default_and_a_description() -> None:
    settings = Settings()
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert getattr(settings, name) is not None


def test_the_defaults_are_what_the_documentation_says() -> None:
    settings = Settings()
    assert settings.max_dump_size == 16 << 20
    assert (settings.min_chunk_size, settings.max_chunk_size, settings.window) == (64, 256 << 10, 16)
    assert settings.topics == Topics("faultcast")


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("BROKER_URL", "localhost", "mqtt://"),
        ("BROKER_URL", "tcp://localhost", "mqtt://"),
        ("BROKER_URL", "mqtt://", "mqtt://"),
        ("BROKER_URL", "mqtt://host:abc", "mqtt://"),
        ("BROKER_URL", "mqtt://host:99999", "mqtt://"),
        ("BROKER_URL", "mqtt://[::1", "mqtt://"),
        ("REDIS_URL", "localhost:6379", "redis://"),
        ("REDIS_URL", "http://localhost", "redis://"),
        ("REDIS_URL", "redis://", "redis://"),
        ("REDIS_URL", "redis://host:abc", "redis://"),
        ("REDIS_URL", "unix://", "redis://"),
        ("TOPIC_ROOT", "a/+/b", "plain levels"),
        ("TOPIC_ROOT", "", "plain levels"),
        ("KEY_PREFIX", "", "pattern"),
        ("KEY_PREFIX", "a{b}", "pattern"),
        ("KEY_PREFIX", "a b", "pattern"),
        ("WORKER", "", "pattern"),
        ("WORKER", "a b", "pattern"),
        ("PARTITIONS", "0", "greater than or equal to 1"),
        ("PARTITIONS", "1025", "less than or equal to 1024"),
        ("PARTITIONS", "many", "integer"),
        ("LOG_LEVEL", "loud", "'debug', 'info'"),
        ("LOG_FORMAT", "xml", "'json' or 'console'"),
        ("HTTP_PORT", "65536", "65535"),
        ("RECEIVE_MAXIMUM", "0", "greater than or equal to 1"),
        ("SESSION_EXPIRY_SECONDS", "1", "60"),
        ("MAX_LAG", "0", "1"),
        ("MAX_REDIS_MEMORY_PERCENT", "100", "95"),
        ("MAX_DUMP_SIZE", str(MAX_DUMP_SIZE + 1), str(MAX_DUMP_SIZE)),
        ("MAX_CHUNK_SIZE", str(MAX_CHUNK_SIZE + 1), str(MAX_CHUNK_SIZE)),
        ("MIN_CHUNK_SIZE", "0", "1"),
        ("MAX_OPEN_DUMPS", "0", "1"),
        ("WINDOW", "1", "2"),
        ("UPLOAD_IDLE_SECONDS", "0", "greater than 0"),
        ("UPLOAD_IDLE_SECONDS", "nan", "finite"),
        ("UPLOAD_IDLE_SECONDS", "inf", "finite"),
        ("DONE_SECONDS", "1", "60"),
        ("ANALYSIS_SECONDS", "-1", "greater than 0"),
        ("ANALYSIS_MEMORY", "1", "greater than or equal to"),
        ("CLAIM_IDLE_SECONDS", "soon", "number"),
        ("MAX_DELIVERIES", "0", "1"),
    ],
)
def test_a_bad_value_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(f"FAULTCAST_{variable}", value)
    with pytest.raises(BadSettings) as caught:
        load_settings()
    assert str(caught.value).startswith(f"FAULTCAST_{variable}: ")
    result = CliRunner().invoke(app, ["config"])
    assert result.exit_code == 2
    assert f"FAULTCAST_{variable}: " in result.stderr
    assert expected in result.stderr


def test_every_wrong_setting_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULTCAST_PARTITIONS", "0")
    monkeypatch.setenv("FAULTCAST_WINDOW", "0")
    result = CliRunner().invoke(app, ["config"])
    assert "FAULTCAST_PARTITIONS" in result.stderr
    assert "FAULTCAST_WINDOW" in result.stderr


def test_two_settings_at_odds_are_both_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULTCAST_MIN_CHUNK_SIZE", "2000")
    monkeypatch.setenv("FAULTCAST_MAX_CHUNK_SIZE", "1000")
    with pytest.raises(BadSettings, match=r"FAULTCAST_MIN_CHUNK_SIZE .* FAULTCAST_MAX_CHUNK_SIZE"):
        load_settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("BROKER_URL", "tcp://user:secret@host"), ("REDIS_URL", "http://:secret@host"), ("REDIS_URL", "redis://:secret@")],
)
def test_a_password_in_a_bad_url_is_not_told(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(f"FAULTCAST_{variable}", value)
    with pytest.raises(BadSettings) as caught:
        load_settings()
    assert "secret" not in str(caught.value)
    assert "secret" not in CliRunner().invoke(app, ["config"]).stderr


def test_the_environment_wins_over_the_file_and_an_option_over_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("FAULTCAST_PARTITIONS=3\nFAULTCAST_WINDOW=32\nOTHER=1\n")
    monkeypatch.setenv("FAULTCAST_WINDOW", "64")
    settings = load_settings(partitions=None, max_lag=7)
    assert (settings.partitions, settings.window, settings.max_lag) == (3, 64, 7)


@pytest.mark.parametrize("url", ["redis://localhost", "rediss://u:p@host:6380/1", "unix:///run/redis.sock?db=2"])
def test_every_kind_of_redis_url_passes(url: str) -> None:
    assert Settings(redis_url=url).redis_url == url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://host", ("host", 1883, False, None, None)),
        ("mqtts://host", ("host", 8883, True, None, None)),
        ("mqtt://host:1884", ("host", 1884, False, None, None)),
        ("mqtt://user:p%40ss%2F@host", ("host", 1883, False, "user", "p@ss/")),
        ("mqtt://user@[::1]:1", ("::1", 1, False, "user", None)),
    ],
)
def test_a_broker_url_is_taken_apart(url: str, expected: tuple[object, ...]) -> None:
    broker = Broker.parse(url)
    assert (broker.host, broker.port, broker.tls, broker.username, broker.password) == expected


def test_a_broker_is_shown_without_its_password() -> None:
    assert str(Broker.parse("mqtt://user:secret@host")) == "host:1883"
