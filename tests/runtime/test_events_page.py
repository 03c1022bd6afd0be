"""The page for consumers: its programs run as they are printed, on real services."""

import asyncio
import re
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest
from redis.asyncio import Redis
from support.services import Service, needed

from contract.asyncapi import EXAMPLE_EVENT
from contract.event import encode_event
from contract.topics import Topics
from runtime.mqtt import broker_connection
from runtime.settings import Settings

pytestmark = pytest.mark.services

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text()
EVENT = encode_event(EXAMPLE_EVENT)


def program(language: str, containing: str) -> str:
    (found,) = [
        code
        for kind, code in re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
        if kind == language and containing in code
    ]
    return found


def replaced(code: str, old: str, new: str) -> str:
    assert old in code
    return code.replace(old, new)


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[asyncio.StreamReader]:
    process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.kill()
        await process.communicate()


async def publish_until_heard(settings: Settings, topic: str, output: asyncio.StreamReader) -> bytes:
    """Publish the event again and again, until the consumer has subscribed and prints a line."""
    line = asyncio.create_task(output.readline())
    async with asyncio.timeout(20), broker_connection(settings, "publisher") as client:
        while not line.done():
            await client.publish(topic, EVENT, qos=aiomqtt.QoS.AT_LEAST_ONCE, packet_id=next(client.packet_ids))
            await asyncio.wait((line,), timeout=0.2)
    return await line


async def test_the_paho_consumer(settings: Settings, mosquitto: Service) -> None:
    topics = Topics(f"{settings.topic_root}/paho")
    code = program("python", "import paho")
    code = replaced(code, "faultcast/v1/event/crash/+", topics.crash_events)
    code = replaced(code, '"localhost"', f'"127.0.0.1", {mosquitto.port}')
    code = replaced(code, '"my-consumer"', f'"{settings.topic_root}-paho"')
    async with running(sys.executable, "-u", "-c", code) as output:
        line = await publish_until_heard(settings, topics.crash_event("sensor-17"), output)
    assert line.decode().strip() == f"{EXAMPLE_EVENT.id} 4 {EXAMPLE_EVENT.data.fault.title}"


async def test_the_mosquitto_consumer(settings: Settings, mosquitto: Service) -> None:
    topics = Topics(f"{settings.topic_root}/sub")
    command, _, _ = program("sh", "mosquitto_sub").partition("\\\n")
    command = replaced(command, "faultcast/v1/event/crash/+", topics.crash_events)
    command = replaced(command, "-h localhost", f"-h 127.0.0.1 -p {mosquitto.port}")
    command = replaced(command, "my-consumer", f"{settings.topic_root}-sub")
    name, *arguments = shlex.split(command)
    async with running(needed(name), *arguments) as output:
        line = await publish_until_heard(settings, topics.crash_event("sensor-17"), output)
    assert line.strip() == EVENT


async def test_the_redis_consumer_and_its_second_life(settings: Settings, redis: Redis, redis_server: Service) -> None:
    stream = f"{settings.key_prefix}:events"
    code = program("python", "xreadgroup")
    code = replaced(code, "faultcast:events", stream)
    code = replaced(code, "Redis(", f"Redis(port={redis_server.port}, ")
    await redis.xadd(stream, {"event": EVENT, "id": EXAMPLE_EVENT.id, "device": "sensor-17"})
    dying = replaced(
        code, "        redis.xack", '        raise SystemExit("before the acknowledgement")\n        redis.xack'
    )
    for life in (dying, code):
        async with running(sys.executable, "-u", "-c", life) as output:
            line = await asyncio.wait_for(output.readline(), 20)
        assert line.decode().strip() == f"{EXAMPLE_EVENT.id} {EVENT.decode()}"


async def test_the_schema_is_where_the_page_says() -> None:
    code = program("python", "importlib.resources") + "print(len(schema))"
    async with running(sys.executable, "-c", code) as output:
        assert int(await asyncio.wait_for(output.readline(), 20)) > 1000
