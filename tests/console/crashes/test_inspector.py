import asyncio

import pytest
from starlette.requests import Request

from analyzer.questions import FrameAt, ListRegisters, ReadMemory
from console.crashes.inspector import InspectionStopped, Inspector, find_specimen, inspector_of
from contract.event import CrashEvent
from tests.console.crashes.conftest import Bench, item_of

CASE = "cortex-m/null-deref-Os"
REGISTERS = ListRegisters(FrameAt(thread=0, frame=0))


@pytest.fixture
async def event(bench: Bench) -> CrashEvent:
    bench.firmware(CASE)
    return await bench.crash(CASE)


async def test_the_processes_end_with_the_application(bench: Bench, event: CrashEvent) -> None:
    async with bench.app.router.lifespan_context(bench.app):
        inspector = inspector_of(Request({"type": "http", "app": bench.app}))
        await inspector.ask(event, REGISTERS)
        assert any(sandbox._process for sandbox in inspector._sandboxes)
    assert not any(sandbox._process for sandbox in inspector._sandboxes)


async def test_one_dump_always_goes_to_one_process(bench: Bench, event: CrashEvent) -> None:
    inspector = inspector_of(Request({"type": "http", "app": bench.app}))
    await asyncio.gather(*(inspector.ask(event, ReadMemory(0x20000000, 16)) for _ in range(4)))
    assert sum(sandbox._process is not None for sandbox in inspector._sandboxes) == 1


async def test_what_takes_too_long_is_stopped_and_said(bench: Bench, event: CrashEvent) -> None:
    inspector = Inspector(bench.services.store, seconds=0.000_001, memory=1 << 30)
    with pytest.raises(InspectionStopped, match="was stopped"):
        await inspector.ask(event, REGISTERS)
    await inspector.close()


async def test_a_partial_dump_is_read_with_its_gaps(bench: Bench) -> None:
    event = await bench.crash(CASE, missing=[(2048, 3072)])
    specimen = find_specimen(bench.services.store, event)
    assert specimen.dump.missing == ((2048, 3072),)
    assert specimen.sha256 == item_of(CASE).sha256
    assert specimen.firmware is None
