"""One device, real processes: what a consumer sees of each kind of crash."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import aiomqtt
import pytest
from redis.asyncio import Redis
from support.installation import environment, workers

from contract.chunk import Metadata
from contract.event import CrashEvent, decode_event
from contract.records import FIELD, Keys, decode_letter
from device.chunks import ChunkedDump
from runtime.mqtt import broker_connection
from runtime.settings import Settings

pytestmark = [pytest.mark.services, pytest.mark.slow]

CASE = Path(__file__).parent.parent / "golden" / "cortex-m" / "null-deref-Os"
BUILD_ID = json.loads((CASE / "report.json").read_text())["firmware"]["build_id"]


class Consumer:
    """A downstream consumer: a plain subscriber of the crash events."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[CrashEvent] = asyncio.Queue()

    async def next(self, seconds: float = 20) -> CrashEvent:
        return await asyncio.wait_for(self.events.get(), seconds)


@pytest.fixture
async def consumer(settings: Settings) -> AsyncIterator[Consumer]:
    made = Consumer()
    async with broker_connection(settings, f"consumer-{settings.key_prefix}") as client:
        await client.subscribe(settings.topics.crash_events, max_qos=aiomqtt.QoS.AT_LEAST_ONCE)

        async def listen() -> None:
            async for packet in client.messages():
                if isinstance(packet, aiomqtt.PublishPacket):
                    await made.events.put(decode_event(packet.payload))

        task = asyncio.create_task(listen())
        yield made
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def faultcast(settings: Settings, *words: object) -> subprocess.CompletedProcess[str]:
    """A command as a person runs it."""
    command = [sys.executable, "-m", "faultcast", *map(str, words)]
    variables = os.environ | environment(settings)
    return await asyncio.to_thread(
        lambda: subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
    )


async def test_symbols_before_the_dump_and_the_event_everywhere_it_should_be(
    settings: Settings, consumer: Consumer, redis: Redis
) -> None:
    added = await faultcast(settings, "firmware", "add", CASE / "firmware.elf")
    assert added.returncode == 0, added.stderr
    assert BUILD_ID in added.stdout
    async with workers(settings):
        sent = await faultcast(
            settings, "send", CASE / "dump.core", "--device", "d1", "--build-id", BUILD_ID, "--boot", 7
        )
        assert sent.returncode == 0, sent.stderr
        event = await consumer.next()
    assert sent.stdout.split() == ["stored", event.id]
    assert event.data.symbolized
    assert event.data.revision == 4
    assert event.data.fault.title == "Null pointer dereference in calibration_in_range (sensor.c:41)"
    assert event.data.frames[0].function == "calibration_in_range"
    assert event.data.upload.sha256 == hashlib.sha256((CASE / "dump.core").read_bytes()).hexdigest()
    ((_, fields),) = await redis.xrange(Keys(settings.key_prefix).events)
    assert decode_event(fields[b"event"]) == event
    report = await faultcast(settings, "report", event.id, "--json")
    assert json.loads(report.stdout)["fault"]["kind"] == "null-dereference"


async def test_symbols_after_the_dump_publish_the_same_event_again_with_names(
    settings: Settings, consumer: Consumer
) -> None:
    async with workers(settings):
        await faultcast(settings, "send", CASE / "dump.core", "--device", "d1", "--build-id", BUILD_ID)
        first = await consumer.next()
        assert (first.data.symbolized, first.data.revision) == (False, 3)
        added = await faultcast(settings, "firmware", "add", CASE / "firmware.elf")
        assert "1 waiting dump(s) will be analysed again" in added.stdout
        second = await consumer.next()
    assert (second.id, second.source) == (first.id, first.source)
    assert (second.data.symbolized, second.data.revision) == (True, 4)


async def test_a_firmware_chosen_by_hand_gives_names_and_the_event_says_so(
    settings: Settings, consumer: Consumer
) -> None:
    lost = "00112233445566778899"
    await faultcast(settings, "firmware", "add", CASE / "firmware.elf")
    async with workers(settings):
        await faultcast(settings, "send", CASE / "dump.core", "--device", "d1", "--build-id", lost)
        first = await consumer.next()
        assert (first.data.symbolized, first.data.firmware.build_id) == (False, lost)
        unknown = await faultcast(settings, "firmware", "link", lost, "ffff")
        assert unknown.returncode == 2
        assert "there is no firmware ffff" in unknown.stderr
        linked = await faultcast(settings, "firmware", "link", lost, BUILD_ID)
        assert "1 that waited" in linked.stdout, linked.stderr
        second = await consumer.next()
    assert second.id == first.id
    assert second.data.symbolized
    assert (second.data.firmware.build_id, second.data.firmware.linked) == (lost, BUILD_ID)
    assert second.data.analysis.matches is True


async def publish(settings: Settings, dump: ChunkedDump, sequences: Iterable[int], device: str = "d1") -> None:
    """Some chunks of a dump, fire and forget."""
    async with broker_connection(settings, "device") as client:
        for sequence in sequences:
            await client.publish(
                settings.topics.dump(device),
                dump.payload(sequence),
                qos=aiomqtt.QoS.AT_LEAST_ONCE,
                packet_id=next(client.packet_ids),
            )


async def test_an_upload_that_ends_in_the_middle_is_analysed_as_partial(settings: Settings, consumer: Consumer) -> None:
    settings = settings.model_copy(update={"upload_idle_seconds": 1.0})
    await faultcast(settings, "firmware", "add", CASE / "firmware.elf")
    dump = ChunkedDump((CASE / "dump.core").read_bytes(), Metadata(build_id=bytes.fromhex(BUILD_ID)))
    async with workers(settings):
        await publish(settings, dump, [number for number in range(dump.layout.count) if number not in (3, 4, 5)])
        event = await consumer.next()
    assert event.data.revision == 2
    assert not event.data.upload.complete
    assert event.data.upload.missing_bytes == 3 * 1024
    assert event.data.fault.kind == "null-dereference"


async def test_a_file_that_is_no_dump_goes_before_a_person_and_stops_nothing(
    settings: Settings, consumer: Consumer, redis: Redis
) -> None:
    settings = settings.model_copy(update={"partitions": 1})
    async with workers(settings):
        await publish(settings, ChunkedDump(b"this is no core dump", Metadata()), [0])
        await faultcast(settings, "send", CASE / "dump.core", "--device", "d2")
        assert (await consumer.next()).subject == "d2"
        async with asyncio.timeout(10):
            while not (letters := await redis.xrange(Keys(settings.key_prefix).dead(0))):
                await asyncio.sleep(0.1)
    letter = decode_letter(letters[0][1][FIELD])
    assert (letter.stage, letter.code, letter.device) == ("analyzer", "not-a-dump", "d1")
