"""The client against a real Mosquitto, with a small server behind it."""

import secrets
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
from support.acking_server import AckingServer
from support.services import Process, Service, free_port, local_mosquitto, needed

from contract.ack import Ack
from contract.chunk import Chunk, ChunkTypeError, Metadata
from contract.errors import BrokerUnavailable
from contract.identity import event_id
from contract.topics import Topics
from device.broker import Broker, Tls
from device.chunks import ChunkedDump
from device.client import Client, Progress, UploadRejected, UploadTimeout
from device.connection import ConnectionRefused
from device.window import WindowSettings

pytestmark = pytest.mark.services


@pytest.fixture
def root() -> str:
    return f"t{secrets.token_hex(4)}"


@pytest.fixture
def server(mosquitto: Service, root: str) -> AckingServer:
    return AckingServer(mosquitto, root)


def dump_of(size: int = 50_000, boot: int | None = 7) -> ChunkedDump:
    return ChunkedDump(secrets.token_bytes(size), Metadata(boot=boot, attributes={"line": 3}))


def client_of(mosquitto: Service, root: str, version: int = 5) -> Client:
    return Client(
        "dev-1",
        Broker(mosquitto.host, mosquitto.port, version=version),
        Topics(root),
        WindowSettings(initial_timeout=0.5, min_timeout=0.2, max_timeout=1.0),
    )


@pytest.mark.parametrize("version", [4, 5])
def test_uploads(mosquitto: Service, root: str, server: AckingServer, version: int) -> None:
    dump = dump_of()
    told: list[Progress] = []
    with server:
        event = client_of(mosquitto, root, version).upload(dump, 20, told.append)
        assert server.content("dev-1") == dump.content
    assert event == event_id("dev-1", dump.layout.dump_id, 50_000, "boot:7")
    assert server.metadata["dev-1"] == dump.metadata
    assert [one.held for one in told] == sorted(one.held for one in told)
    assert (told[-1].held, told[-1].count, told[-1].retransmissions) == (49, 49, 0)


def test_a_restarted_client_goes_on_where_the_server_is(mosquitto: Service, root: str, server: AckingServer) -> None:
    dump = dump_of(200_000)

    def interrupt(progress: Progress) -> None:
        if progress.held > 100:
            raise KeyboardInterrupt

    with server:
        with pytest.raises(KeyboardInterrupt):
            client_of(mosquitto, root).upload(dump, 20, interrupt)
        first = len(server.chunks)
        client_of(mosquitto, root).upload(dump, 20)
        assert server.content("dev-1") == dump.content
    again = [sequence for _, sequence in server.chunks[first:]]
    # What the first client had in flight may still arrive; then the second one shows chunk 0 before anything else.
    assert again.index(0) <= 16
    assert len(server.chunks) < 196 + 2 * 16 + 8


def test_a_dump_that_is_stored_already_ends_with_chunk_0(mosquitto: Service, root: str, server: AckingServer) -> None:
    dump = dump_of()
    with server:
        first = client_of(mosquitto, root).upload(dump, 20)
        assert client_of(mosquitto, root).upload(dump, 20) == first


def test_rejection_ends_with_the_reason(mosquitto: Service, root: str) -> None:
    def reject(_device: str, chunk: Chunk) -> Ack:
        return Ack(dump_id=chunk.dump_id, state="rejected", reason="limit.dump-size: 50000 bytes are too many")

    server = AckingServer(mosquitto, root, reject)
    with server, pytest.raises(UploadRejected, match=r"limit.dump-size: 50000 bytes are too many"):
        client_of(mosquitto, root).upload(dump_of(), 20)


def test_nothing_is_confirmed_without_a_server(mosquitto: Service, root: str) -> None:
    with pytest.raises(UploadTimeout, match="holds 0 of 49 chunks"):
        client_of(mosquitto, root).upload(dump_of(), 1.5)


def test_wait_is_obeyed(mosquitto: Service, root: str) -> None:
    asked: list[float] = []

    def wait_once(_device: str, chunk: Chunk) -> Ack | None:
        if asked:
            return None
        asked.append(time.monotonic())
        return Ack(
            dump_id=chunk.dump_id,
            state="wait",
            seconds=1,
            total_size=chunk.total_size,
            chunk_size=chunk.chunk_size,
        )

    told: list[Progress] = []
    with AckingServer(mosquitto, root, wait_once):
        client_of(mosquitto, root).upload(dump_of(), 20, told.append)
    assert time.monotonic() - asked[0] >= 1
    assert any("wait 1 s" in one.trouble for one in told)


def test_a_mute_server_gets_the_rest_when_it_is_back(mosquitto: Service, root: str, server: AckingServer) -> None:
    dump = dump_of()
    with server:
        server.mute = True
        timer = threading.Timer(1.5, lambda: setattr(server, "mute", False))
        timer.start()
        client_of(mosquitto, root).upload(dump, 20)
        assert server.content("dev-1") == dump.content


def test_a_broker_that_comes_back_is_found_again(tmp_path: Path, root: str) -> None:
    broker = local_mosquitto(tmp_path)
    dump = dump_of(300_000)
    told: list[Progress] = []
    marks: list[int] = []
    server = AckingServer(broker, root)

    def kill_once(progress: Progress) -> None:
        told.append(progress)
        if progress.held > 50 and not any(one.trouble for one in told):
            broker.kill()
            time.sleep(0.2)  # what the server had read already
            marks.append(len(server.chunks))
            threading.Timer(0.5, broker.start).start()
            told.append(Progress(0, 0, 0, "killed"))

    try:
        with server:
            client_of(broker, root).upload(dump, 30, kill_once)
            assert server.content("dev-1") == dump.content
            # After at most a window that was still on its way, the client shows chunk 0 first.
            assert ("dev-1", 0) in server.chunks[marks[0] : marks[0] + 17]
    finally:
        broker.kill()
    assert any(f"{broker.host}:{broker.port}" in one.trouble for one in told)


def test_a_missing_broker_is_named(root: str) -> None:
    nobody = Service("127.0.0.1", free_port(), lambda: None, lambda: None)
    told: list[Progress] = []
    with pytest.raises(BrokerUnavailable, match=f"no broker at 127.0.0.1:{nobody.port}"):
        client_of(nobody, root).upload(dump_of(), 2.0, told.append)
    assert "next try in" in told[0].trouble


def test_something_else_on_the_port_is_told_from_a_broker(monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    monkeypatch.setattr("device.connection.CONNECT_TIMEOUT", 0.3)
    import socket  # noqa: PLC0415 (only here)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        mute = Service("127.0.0.1", listener.getsockname()[1], lambda: None, lambda: None)
        with pytest.raises(BrokerUnavailable, match="does not answer as an MQTT broker"):
            client_of(mute, root).upload(dump_of(), 0.2)


def test_blind_publishing_sends_every_chunk_once(mosquitto: Service, root: str, server: AckingServer) -> None:
    dump = dump_of()
    with server:
        client_of(mosquitto, root).publish_blindly(dump, 20)
        deadline = time.monotonic() + 10
        while len(server.chunks) < 49 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.content("dev-1") == dump.content
    assert sorted(sequence for _, sequence in server.chunks) == list(range(49))


def guarded(folder: Path, extra: str) -> Service:
    """A Mosquitto that lets only some in."""
    port = free_port()
    configuration = folder / "mosquitto.conf"
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n{extra}")
    process = Process([needed("mosquitto"), "-c", str(configuration)], port, folder / "mosquitto.log")
    process.start()
    return Service("localhost", port, process.start, process.kill)


@pytest.mark.parametrize("version", [4, 5])
def test_bad_credentials_are_named(tmp_path: Path, root: str, version: int) -> None:
    (tmp_path / "passwords").write_text("")
    broker = guarded(tmp_path, f"password_file {tmp_path}/passwords\n")
    try:
        with pytest.raises(ConnectionRefused, match="Check user name and password"):
            Client("dev-1", Broker(broker.host, broker.port, "me", "wrong", version=version), Topics(root)).upload(
                dump_of(), 0.1
            )
    finally:
        broker.kill()


def test_a_device_that_may_not_publish_is_told(tmp_path: Path, root: str) -> None:
    (tmp_path / "acl").write_text(f"topic read {root}/v1/device/dev-1/ack\n")
    broker = guarded(tmp_path, f"acl_file {tmp_path}/acl\n")
    try:
        with pytest.raises(ConnectionRefused, match="write its own dump topic"):
            client_of(broker, root).upload(dump_of(), 0.1)
    finally:
        broker.kill()


def test_a_device_that_may_not_hear_is_told_where_to_look(tmp_path: Path, root: str) -> None:
    """Mosquitto confirms a subscription whose messages it will not deliver."""
    (tmp_path / "acl").write_text(f"topic write {root}/v1/device/dev-1/dump\n")
    broker = guarded(tmp_path, f"acl_file {tmp_path}/acl\n")
    try:
        with pytest.raises(UploadTimeout, match=f"read {root}/v1/device/dev-1/ack"):
            client_of(broker, root).upload(dump_of(), 0.5)
    finally:
        broker.kill()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho leaves a refused TLS socket open
def test_tls(tmp_path: Path, root: str) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.fail("openssl is not installed: the TLS test makes a certificate with it")
    command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", f"{tmp_path}/key", "-out", f"{tmp_path}/cert"]
    subprocess.run([openssl, *command.split(), *names], check=True, capture_output=True)
    broker = guarded(tmp_path, f"certfile {tmp_path}/cert\nkeyfile {tmp_path}/key\n")
    try:
        good, bad = Tls(ca=tmp_path / "cert"), Tls()
        client = Client("dev-1", Broker(broker.host, broker.port, tls=good), Topics(root))
        client.publish_blindly(dump_of(), 10)
        stranger = Client("dev-1", Broker(broker.host, broker.port, tls=bad), Topics(root))
        with pytest.raises(BrokerUnavailable, match="certificate"):
            stranger.publish_blindly(dump_of(), 10)
    finally:
        broker.kill()


def test_metadata_that_no_server_would_take_are_refused_before_sending() -> None:
    with pytest.raises(ChunkTypeError):
        ChunkedDump(b"ZE", Metadata(firmware="x" * 200))
