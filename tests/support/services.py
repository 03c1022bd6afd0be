"""Real services for the tests: a Mosquitto and a Redis of their own, as local processes or as containers."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CONTAINERS = os.environ.get("FAULTCAST_TEST_SERVICES") == "containers"
REDIS_IMAGE = os.environ.get("FAULTCAST_TEST_REDIS_IMAGE", "redis:7")
MOSQUITTO_IMAGE = os.environ.get("FAULTCAST_TEST_MOSQUITTO_IMAGE", "eclipse-mosquitto:2")

MOSQUITTO_CONF = """\
listener {port} {bind}
allow_anonymous true
persistence {persistence}
persistence_location {folder}/
autosave_interval 1
max_queued_messages 0
max_inflight_messages 0
max_packet_size 2000000
"""


@dataclass
class Service:
    """A running service. `stop` and `start` let a test take it away and give it back on the same port."""

    host: str
    port: int
    start: Callable[[], None]
    kill: Callable[[], None]
    arguments: list[str] = field(default_factory=list)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(host: str, port: int, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def needed(program: str) -> str:
    """The program's path; a test that claims delivery must not be skipped in silence, so its absence is an error."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.fail(f"{program} is not installed: run `make tools`, which installs what the tests need")
    return found


class Process:
    """A local server process that can be killed and started again."""

    def __init__(self, arguments: list[str], port: int, log: Path) -> None:
        self._arguments, self._port, self._log = arguments, port, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._arguments, stdout=log, stderr=log)
        wait_for_port("127.0.0.1", self._port)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


def local_redis(folder: Path, *options: str) -> Service:
    port = free_port()
    arguments = [needed("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    arguments += ["--appendonly", "yes", "--appendfsync", "always", *options]
    process = Process(arguments, port, folder / "redis.log")
    process.start()
    return Service("127.0.0.1", port, process.start, process.kill)


def local_mosquitto(folder: Path, *, persistence: bool = False) -> Service:
    port = free_port()
    configuration = folder / "mosquitto.conf"
    configuration.write_text(
        MOSQUITTO_CONF.format(port=port, bind="127.0.0.1", folder=folder, persistence=str(persistence).lower())
    )
    if os.geteuid() == 0:  # mosquitto would drop to its own user, who may not write here
        configuration.write_text(configuration.read_text() + "user root\n")
    process = Process([needed("mosquitto"), "-c", str(configuration)], port, folder / "mosquitto.log")
    process.start()
    return Service("127.0.0.1", port, process.start, process.kill)


def container(image: str, port: int, command: list[str], files: dict[str, Path]) -> Service:
    """A service of a container; `files` are mounted read-only."""
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 (only where Docker is)

    published = free_port()  # chosen here, as Docker would publish another one after each start
    box = DockerContainer(image).with_bind_ports(port, published).with_command(command)
    for inside, outside in files.items():
        box = box.with_volume_mapping(str(outside), inside, "ro")
    box.start()
    atexit.register(box.stop)  # `kill` keeps the container and its files, for `start`
    host, engine = box.get_container_host_ip(), box.get_wrapped_container()

    def start() -> None:
        engine.start()
        wait_for_server(host, published)

    wait_for_server(host, published)
    return Service(host, published, start, engine.kill)


def wait_for_server(host: str, port: int, seconds: float = 20) -> None:
    """Docker's proxy takes connections before the server does, and hangs up; a server waits for us to speak."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        wait_for_port(host, port, seconds)
        with socket.create_connection((host, port), timeout=0.2) as probe, suppress(ConnectionError):
            try:
                hung_up = probe.recv(1) == b""
            except TimeoutError:
                return
            assert hung_up, "a server that speaks first"
        time.sleep(0.05)
    pytest.fail(f"no server behind {host}:{port}")


def redis_service(folder: Path) -> Service:
    if CONTAINERS:
        return container(REDIS_IMAGE, 6379, ["redis-server", "--appendonly", "yes", "--protected-mode", "no"], {})
    return local_redis(folder)


def mosquitto_service(folder: Path) -> Service:
    if CONTAINERS:
        configuration = folder / "mosquitto.conf"
        configuration.write_text(
            MOSQUITTO_CONF.format(port=1883, bind="0.0.0.0", folder="/tmp", persistence="false") + "user root\n"
        )
        command = ["mosquitto", "-c", "/mosquitto.conf"]
        return container(MOSQUITTO_IMAGE, 1883, command, {"/mosquitto.conf": configuration})
    return local_mosquitto(folder)
