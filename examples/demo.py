"""The main job in one minute: a device crashes, its core dump travels in chunks over MQTT, a crash event comes out.

Run by `make demo`. Everything is real: broker, Redis (installed ones, or the embedded ones), one worker of each kind,
the device client, and a plain MQTT subscriber that knows nothing of Faultcast. What the device sends is a dump that
the example firmware wrote when it crashed (examples/firmware).
"""

import asyncio
import json
import os
import queue
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from rich.console import Console
from rich.panel import Panel

from contract.errors import FaultcastError
from faultcast.up.launcher import Plan, launch

CASE = Path(__file__).parent.parent / "tests" / "golden" / "cortex-m" / "null-deref-Os"
DEVICE = "demo-device"
EVENT_SECONDS = 30
console = Console()


def main() -> int:
    """Run the demo; 0 when the subscriber received the symbolized event."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faultcast-demo-") as folder:
        try:
            received = asyncio.run(_demo(Path(folder)))
        except FaultcastError as error:
            console.print(f"[red]the demo failed:[/] {error} \\[{error.code}]")
            return 1
    if received is None:
        console.print(
            f"[red]the demo failed:[/] no crash event within {EVENT_SECONDS} s; the workers' messages are above"
        )
        return 1
    topic, event = received
    data = event["data"]
    console.print(
        Panel(
            f"topic    {topic}\n"
            f"id       {event['id']}\n"
            f"title    {data['fault']['title']}\n"
            f"device   {data['device']}  firmware {data['firmware']['name']} {data['firmware']['version']}\n"
            f"group    {data['fingerprint']}",
            title="the event that a plain MQTT subscriber received",
            title_align="left",
        ),
        markup=False,
    )
    console.print(f"event id {event['id']} on {topic}", markup=False, soft_wrap=True)
    console.print(f"done in {time.monotonic() - began:.1f} s. Try it with your own: [bold].venv/bin/faultcast up[/]")
    return 0


async def _demo(folder: Path) -> tuple[str, dict] | None:
    plan = Plan(folder, mqtt_port=_free_port(), redis_port=_free_port(), log_level="warning")
    console.rule("starting broker, Redis and three workers")
    supervisor = await launch(plan, lambda name, text: console.print(f"{name:>14}  {text}", markup=False))
    try:
        events = _subscribe(plan.mqtt_port)
        console.rule("the firmware's symbols, once per build")
        await _faultcast(plan, "firmware", "add", CASE / "firmware.elf")
        console.rule("the device, after its reboot")
        build_id = json.loads((CASE / "report.json").read_text())["firmware"]["build_id"]
        device = [
            "--device",
            DEVICE,
            "--build-id",
            build_id,
            "--firmware",
            "station",
            "--version",
            "1.0.0",
            "--boot",
            "7",
        ]
        await _faultcast(plan, "send", CASE / "dump.core", *device)
        received = await asyncio.to_thread(_next_event, events)
        if received is not None:
            console.rule("the report that went into the store")
            await _faultcast(plan, "report", received[1]["id"])
        return received
    finally:
        console.rule("stopping")
        await supervisor.stop()


def _subscribe(port: int) -> "queue.Queue[tuple[str, bytes]]":
    """What any consumer does: connect, subscribe, wait."""
    events: queue.Queue[tuple[str, bytes]] = queue.Queue()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    subscribed = threading.Event()
    client.on_connect = lambda client, *_: client.subscribe("faultcast/v1/event/crash/+", qos=1)
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = lambda _client, _data, message: events.put((message.topic, message.payload))
    client.connect("127.0.0.1", port)
    client.loop_start()
    subscribed.wait(timeout=10)
    return events


def _next_event(events: "queue.Queue[tuple[str, bytes]]") -> tuple[str, dict] | None:
    try:
        topic, payload = events.get(timeout=EVENT_SECONDS)
    except queue.Empty:
        return None
    return topic, json.loads(payload)


async def _faultcast(plan: Plan, *words: object) -> None:
    """Run a command as a person would, showing it first."""
    arguments = [str(word) for word in words]
    shown = [str(Path(word).relative_to(CASE.parent.parent.parent)) if "/" in word else word for word in arguments]
    console.print(f"$ faultcast {shlex.join(shown)}", style="bold", markup=False, soft_wrap=True)
    environment = os.environ | plan.environment()
    command = [sys.executable, "-m", "faultcast", *arguments]
    code = await asyncio.to_thread(lambda: subprocess.run(command, env=environment, check=False).returncode)
    if code:
        raise FaultcastError(f"`faultcast {arguments[0]}` ended with {code}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main())
