"""The fleet against a real Mosquitto, with a small server behind it."""

import asyncio
import secrets
import threading
from pathlib import Path

import pytest
from support.acking_server import AckingServer
from support.services import Service, local_mosquitto

from contract.chunk import ChunkChecksumError, decode_chunk
from contract.topics import Topics
from device.broker import Broker
from device.fleet import Faults, FleetConfig, FleetDump, _Device, generate_dumps, run_fleet
from device.source import read_dumps
from device.window import WindowSettings

BAD = Faults(loss=0.05, duplicate=0.05, corrupt=0.05, delay=0.1, longest_delay=0.1, shuffle=True, restarts=1)
QUICK = WindowSettings(reorder=16, initial_timeout=0.5, min_timeout=0.2, max_timeout=1.0)


def config(broker: Service, faults: Faults = BAD, timeout: float = 60) -> FleetConfig:
    return FleetConfig(
        Broker(broker.host, broker.port),
        Topics(f"t{secrets.token_hex(4)}"),
        QUICK,
        faults=faults,
        devices_per_connection=4,
        timeout=timeout,
        seed=5,
    )


@pytest.mark.services
async def test_every_dump_arrives_byte_for_byte(mosquitto: Service) -> None:
    settings, dumps, told = config(mosquitto), generate_dumps(10, 20_000), list[str]()
    with AckingServer(mosquitto, settings.topics.root) as server:
        report = await run_fleet(settings, dumps, told.append)
        assert [server.content(dump.device) for dump in dumps] == [dump.content for dump in dumps]
    assert len(report.stored) == 10
    assert len({result.event_id for result in report.stored}) == 10
    assert sorted(told) == [dump.device for dump in dumps]
    assert server.damaged > 0
    assert all(result.restarts == 1 for result in report.results)
    for fault in ("lost", "duplicated", "corrupted", "delayed"):
        assert sum(getattr(result, fault) for result in report.results) > 0
    assert report.retransmissions > 0


@pytest.mark.services
async def test_a_broker_that_restarts_costs_no_dump(tmp_path: Path) -> None:
    broker = local_mosquitto(tmp_path)
    settings, dumps, told = config(broker, Faults(loss=0.02)), generate_dumps(20, 60_000), list[str]()

    def on_stored(device: str) -> None:
        told.append(device)
        if len(told) == 5:
            broker.kill()
            threading.Timer(0.5, broker.start).start()

    try:
        with AckingServer(broker, settings.topics.root):
            report = await run_fleet(settings, dumps, on_stored)
    finally:
        broker.kill()
    assert len(report.stored) == 20
    assert report.reconnects > 0


@pytest.mark.services
async def test_what_is_not_stored_in_time_is_unfinished(mosquitto: Service) -> None:
    report = await run_fleet(config(mosquitto, timeout=0.5), generate_dumps(2, 2000))
    assert [result.state for result in report.results] == ["unfinished", "unfinished"]


@pytest.mark.services
async def test_cancelling_ends_the_threads(mosquitto: Service) -> None:
    before = threading.active_count()
    task = asyncio.create_task(run_fleet(config(mosquitto), generate_dumps(8, 2000)))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert threading.active_count() == before


async def test_two_dumps_of_one_device_are_refused() -> None:
    with pytest.raises(ValueError, match="device of its own"):
        await run_fleet(FleetConfig(), [FleetDump("a", b"x"), FleetDump("a", b"y")])


def test_generated_dumps_are_dumps_of_their_size() -> None:
    dumps = generate_dumps(3, 1000)
    assert [len(dump.content) for dump in dumps] == [1000] * 3
    assert len({dump.content for dump in dumps}) == 3
    assert dumps == generate_dumps(3, 1000)
    assert dumps != generate_dumps(3, 1000, seed=2)
    assert all(read_dumps(dump.content)[0].content == dump.content for dump in dumps)
    with pytest.raises(ValueError, match="at least 128"):
        generate_dumps(1, 100)


def test_faults_depend_on_the_seed_alone() -> None:
    (dump,) = generate_dumps(1, 50_000)

    def run(seed: int, pause: float) -> list[bytes]:
        device = _Device(dump, FleetConfig(faults=BAD, seed=seed), 0.0)
        return [payload for turn in range(20) for _, payload in device.outgoing(turn * pause)]

    assert run(1, 100) == run(1, 101)
    assert run(1, 100) != run(2, 100)


def test_corruption_is_found_by_the_checksum() -> None:
    (dump,) = generate_dumps(1, 10_000)
    device = _Device(dump, FleetConfig(faults=Faults(corrupt=1.0)), 0.0)
    for _, payload in device.outgoing(0.0):
        with pytest.raises(ChunkChecksumError):
            decode_chunk(payload)
