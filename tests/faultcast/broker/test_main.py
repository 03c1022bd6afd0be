"""`python -m faultcast.broker` as a process."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run() -> Iterator[Run]:
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "faultcast.broker", *arguments]
        processes.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def ready(process: "subprocess.Popen[str]") -> tuple[str, int]:
    """What it said until it was ready, and its port."""
    said = ""
    for line in process.stderr:
        said += line
        if found := re.search(r"listening on \S+ port (\d+)", line):
            return said, int(found[1])
    raise AssertionError(said)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_it_is_told_to_stop(run: Run, number: int) -> None:
    process = run("--port", "0", "--user", "ada:pass:word")
    said, port = ready(process)
    assert "for trying out and for tests only" in said
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.username_pw_set("ada", "pass:word")
    client.connect("127.0.0.1", port)
    while not client.is_connected():
        client.loop(0.05)
    process.send_signal(number)
    assert process.wait(5) == 0
    assert "Traceback" not in process.stderr.read()
    client.loop(0.05)


def test_a_port_that_is_taken_is_said(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = run("--port", str(taken.getsockname()[1]))
        assert process.wait(5) == 1
        assert "cannot listen on 127.0.0.1" in process.stderr.read()


def test_a_user_without_a_password_is_bad_usage(run: Run) -> None:
    process = run("--port", "0", "--user", "ada")
    assert process.wait(5) == 2
    assert "name:password" in process.stderr.read()
