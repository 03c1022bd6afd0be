"""The promise, kept under fire: a fleet on a bad network, and workers that die in the middle."""

import asyncio

import pytest
from redis.asyncio import Redis
from support.installation import kill_9, workers

from contract.event import decode_event
from contract.records import Keys
from contract.topics import Topics
from device.broker import Broker
from device.fleet import Faults, FleetConfig, generate_dumps, run_fleet
from runtime.settings import Settings
from runtime.store import FolderStore, content_name, dump_key

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.timeout(400)]

DEVICES, SIZE = 200, 64 * 1024


async def test_no_dump_is_lost_when_each_kind_of_worker_is_killed(settings: Settings, redis: Redis) -> None:
    settings = settings.model_copy(update={"partitions": 8, "claim_idle_seconds": 2.0, "analysis_seconds": 2.0})
    keys = Keys(settings.key_prefix)
    dumps = generate_dumps(DEVICES, SIZE)
    host, _, port = settings.broker_url.removeprefix("mqtt://").partition(":")
    config = FleetConfig(
        broker=Broker(host, int(port)),
        topics=Topics(settings.topic_root),
        faults=Faults(loss=0.05, duplicate=0.05, shuffle=True, delay=0.02),
        seed=7,
    )
    stored: list[str] = []
    async with workers(settings, each=2) as supervisor:

        async def murder() -> None:
            for share, stage in ((0.1, "ingest"), (0.3, "reassembler"), (0.5, "analyzer")):
                while len(stored) < share * DEVICES:
                    await asyncio.sleep(0.05)
                kill_9(supervisor, f"{stage}-1")

        killer = asyncio.create_task(murder())
        report = await run_fleet(config, dumps, stored.append)
        await killer
        assert len(report.stored) == DEVICES, [r for r in report.results if r.state != "stored"][:3]

        async def all_analysed() -> bool:
            return len({fields[b"id"] for _, fields in await redis.xrange(keys.events)}) == DEVICES

        async with asyncio.timeout(120):
            while not await all_analysed():
                await asyncio.sleep(0.2)

    store = FolderStore(settings.store)
    for dump in dumps:
        assert store.get(dump_key(content_name(dump.content))) == dump.content
    events = [decode_event(fields[b"event"]) for _, fields in await redis.xrange(keys.events)]
    assert {event.id for event in events} == {result.event_id for result in report.results}
    assert {event.subject for event in events} == {dump.device for dump in dumps}
    for partition in range(settings.partitions):
        assert await redis.xlen(keys.dead(partition)) == 0
        assert await redis.xlen(keys.chunks(partition)) == 0
        assert await redis.xlen(keys.dumps(partition)) == 0
    print(
        f"\n{DEVICES} dumps of {SIZE} bytes stored byte for byte in {report.seconds:.1f} s, "
        f"{len({event.id for event in events})} distinct event ids, "
        f"{report.transmissions} chunks sent, {report.retransmissions} of them again"
    )
