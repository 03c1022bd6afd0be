"""`faultcast send`: what it prints, what it leaves behind, and how it fails."""

import json
import secrets
from pathlib import Path

import pytest
import typer
from support.acking_server import AckingServer
from support.services import Service, free_port
from typer.testing import CliRunner, Result

from contract.ack import Ack
from contract.chunk import Chunk, Metadata
from contract.identity import dump_id, event_id
from device.fleet import generate_dumps
from faultcast.commands.send import send

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(send)

DUMP = generate_dumps(1, 30_000)[0].content


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "crash.core"
    path.write_bytes(DUMP)
    return path


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, mosquitto: Service) -> str:
    """A topic root of its own, and the environment that points to it and to the broker."""
    name = f"t{secrets.token_hex(4)}"
    monkeypatch.setenv("FAULTCAST_TOPIC_ROOT", name)
    monkeypatch.setenv("FAULTCAST_BROKER_URL", f"mqtt://{mosquitto.host}:{mosquitto.port}")
    return name


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def reject(_device: str, chunk: Chunk) -> Ack:
    return Ack(dump_id=chunk.dump_id, state="rejected", reason="limit.dump-size: 30000 bytes, at most 16")


@pytest.mark.services
def test_prints_the_event_and_keeps_the_file(mosquitto: Service, root: str, dump: Path) -> None:
    with AckingServer(mosquitto, root) as server:
        result = run(
            *(dump, "--device", "dev-1", "--boot", 7, "--uptime-ms", 12, "--build-id", "0a0b", "--version", "1.2"),
            *("--firmware", "app", "--board", "qemu", "--os", "Zephyr 4.1.0", "--chunk-size", 512, "--mqtt", "3.1.1"),
            *("--attribute", "line=3", "--attribute", "hot=true", "--attribute", "name=a=b", "--attribute", "big=1e3"),
            *("--attribute", f"huge={2**70}", "--attribute", "nan=NaN", "--attribute", "list=[1]"),
        )
        assert server.content("dev-1") == DUMP
    assert result.exit_code == 0, result.output
    assert result.stdout == f"stored {event_id('dev-1', dump_id(DUMP), 30_000, 'boot:7')}\n"
    assert "59/59 chunks held, 0 sent again" in result.stderr
    sent = server.metadata["dev-1"]
    assert sent.attributes == {
        "line": 3,
        "hot": True,
        "name": "a=b",
        "big": 1000.0,
        "huge": str(2**70),
        "nan": "NaN",
        "list": "[1]",
    }
    assert (sent.build_id, sent.version, sent.firmware, sent.board) == (b"\x0a\x0b", "1.2", "app", "qemu")
    assert (sent.os, sent.boot, sent.uptime_ms) == ("Zephyr 4.1.0", 7, 12)
    assert dump.read_bytes() == DUMP
    assert [path.name for path in dump.parent.iterdir()] == ["crash.core"]


@pytest.mark.services
def test_deletes_only_what_is_stored(mosquitto: Service, root: str, dump: Path) -> None:
    with AckingServer(mosquitto, root, reject):
        assert run(dump, "--device", "dev-1", "--delete").exit_code == 5
    assert dump.exists()
    assert run(dump, "--device", "dev-1", "--delete", "--timeout", 0.5).exit_code == 4
    assert dump.exists()
    with AckingServer(mosquitto, root):
        assert run(dump, "--device", "dev-1", "--delete").exit_code == 0
    assert list(dump.parent.iterdir()) == []


@pytest.mark.services
def test_a_later_try_repeats_the_first_description(mosquitto: Service, root: str, dump: Path) -> None:
    assert run(dump, "--device", "dev-1", "--boot", 7, "--timeout", 0.5).exit_code == 4
    note = json.loads((dump.parent / "crash.core.faultcast").read_text())
    assert note["dumps"][dump_id(DUMP).hex()]["boot"] == 7
    with AckingServer(mosquitto, root) as server:
        result = run(dump, "--device", "dev-1", "--boot", 8)
    assert result.exit_code == 0
    assert "tried before" in result.stderr
    assert server.metadata["dev-1"].boot == 7
    assert event_id("dev-1", dump_id(DUMP), 30_000, "boot:7") in result.stdout
    assert [path.name for path in dump.parent.iterdir()] == ["crash.core"]


@pytest.mark.services
def test_every_dump_of_a_log_is_sent(mosquitto: Service, root: str, tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    contents = [one.content for one in generate_dumps(2, 2000)]
    text = ""
    for content in contents:
        lines = [content[at : at + 32].hex() for at in range(0, len(content), 32)]
        text += "\n".join(f"#CD:{line}" for line in ["BEGIN#", *lines, "END#"]) + "\n"
    log.write_text(text)
    with AckingServer(mosquitto, root):
        result = run(log, "--device", "dev-1")
    assert result.stdout.split() == [
        word for content in contents for word in ("stored", event_id("dev-1", dump_id(content), 2000, ""))
    ]


@pytest.mark.services
def test_rejected_says_why(mosquitto: Service, root: str, dump: Path) -> None:
    with AckingServer(mosquitto, root, reject):
        result = run(dump, "--device", "dev-1")
    assert result.exit_code == 5
    assert "limit.dump-size: 30000 bytes, at most 16" in result.stderr


@pytest.mark.services
@pytest.mark.usefixtures("root")
def test_not_confirmed_says_how_far_it_came(dump: Path) -> None:
    result = run(dump, "--device", "dev-1", "--timeout", 0.5)
    assert result.exit_code == 4
    assert "holds 0 of 30 chunks" in result.stderr


def test_an_unreachable_broker_is_tried_until_the_time_is_over(dump: Path) -> None:
    port = free_port()
    result = run(dump, "--device", "dev-1", "--broker", f"mqtt://127.0.0.1:{port}", "--timeout", 2)
    assert result.exit_code == 1
    assert f"no broker at 127.0.0.1:{port}" in result.stderr
    assert "next try in" in result.stderr
    assert "[broker-unavailable]" in result.stderr


def test_what_is_not_a_dump_exits_with_3(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\x7fELF and more")
    result = run(tmp_path / "x", "--device", "dev-1")
    assert result.exit_code == 3
    assert "7f454c46" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--device", "a/b"], "device id 'a/b'"),
        (["--device", "d", "--build-id", "xyz"], "--build-id 'xyz'"),
        (["--device", "d", "--attribute", "x"], "NAME=VALUE"),
        (["--device", "d", "--attribute", "=x"], "NAME=VALUE"),
        (["--device", "d", "--broker", "http://b"], "mqtt://user:password@host:port"),
        (["--device", "d", "--ca", "/dev/null"], "mqtts://"),
        (["--device", "d", "--key", "/dev/null"], "--cert"),
        (["--device", "d", "--mqtt", "4"], "5 and 3.1.1"),
        (["--device", "d", "--topic-root", "#"], "--topic-root"),
        (["--device", "d", "--chunk-size", "2000000"], "chunk size"),
        (["--device", "d", "--firmware", "x" * 200], "message.type"),
        (["--device", "d", "--boot", "-1"], "--boot"),
        ([], "--device"),
    ],
)
def test_bad_usage_exits_with_2(dump: Path, options: list[str], message: str) -> None:
    result = run(dump, *options)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert [path.name for path in dump.parent.iterdir()] == ["crash.core"]


def test_a_note_of_something_else_is_not_overwritten(dump: Path) -> None:
    (dump.parent / "crash.core.faultcast").write_text("mine")
    result = run(dump, "--device", "dev-1")
    assert result.exit_code == 2
    assert "attempt-note" in result.stderr
    assert (dump.parent / "crash.core.faultcast").read_text() == "mine"


def test_metadata_and_options_agree() -> None:
    """Whatever a device can say about a crash has an option; checksums are computed."""
    import inspect  # noqa: PLC0415 (only here)

    computed = {"crc32", "sha256"}
    assert set(Metadata.__struct_fields__) - computed <= set(inspect.signature(send).parameters)
