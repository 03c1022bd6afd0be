import base64
import uuid

import httpx
import pytest
from redis.asyncio import Redis

from analyzer.report.model import decode_report
from console.people.roles import Role
from contract.identity import partition_of
from contract.records import FIELD, Keys, decode_item
from runtime.store import dump_key, report_keys
from tests.analyzer.golden import report_of
from tests.console.crashes.conftest import EVENT, Ask, Bench, item_of

CASE = "cortex-m/null-deref-Os"


@pytest.fixture
async def crash(bench: Bench) -> None:
    bench.firmware(CASE)
    await bench.crash(CASE)


@pytest.mark.usefixtures("crash")
async def test_a_crash_has_its_event_its_report_its_group_and_its_log(ask: Ask) -> None:
    answer = (await ask()).json()
    assert answer["event"]["id"] == EVENT
    assert answer["report"]["fault"]["title"] == report_of(CASE).fault.title
    assert answer["group"]["title"] == report_of(CASE).fault.title
    assert answer["symbols"]["state"] == "matched"
    assert [step["name"] for step in answer["log"]] == ["First chunk", "Last chunk", "Stored", "Analysed"]
    assert answer["log"][0]["at"] == "2026-03-01T08:00:00.000Z"


@pytest.mark.usefixtures("crash")
async def test_variables_are_opened_level_by_level(ask: Ask) -> None:
    first = (await ask("/variables", inlined=1)).json()
    assert [one["name"] for one in first] == ["channel", "raw", "value", "calibration"]
    assert first[0]["text"].startswith("0x20000054")
    behind = (await ask("/variables", inlined=1, path="0")).json()
    (target,) = behind
    assert target["address"] == "0x20000054"
    members = (await ask("/variables", inlined=1, path="0.0")).json()
    assert "calibration" in [one["name"] for one in members]
    assert (await ask("/variables", inlined=1, path="0.0", start=1, limit=1)).json() == members[1:2]


@pytest.mark.usefixtures("crash")
async def test_globals_are_searched_and_opened(ask: Ask) -> None:
    found = (await ask("/globals", text="station")).json()
    row = next(one for one in found["rows"] if one["name"] == "station")
    assert found["total"] >= 1
    value = (await ask(f"/globals/{row['number']}")).json()
    assert value["kind"] == "global"
    assert value["address"].startswith("0x2000")
    parts = (await ask(f"/globals/{row['number']}/parts")).json()
    assert len(parts) == value["parts"]
    whole = (await ask("/objects", type=value["type"], address=value["address"])).json()
    assert [one["text"] for one in whole] == [one["text"] for one in parts]


@pytest.mark.usefixtures("crash")
async def test_registers_casts_and_types(ask: Ask) -> None:
    registers = {one["name"]: one for one in (await ask("/registers")).json()}
    assert registers["pc"]["value"] == "0x1a9c"
    assert "Z" in registers["xpsr"]["fields"]
    assert (await ask("/cast", value="0xffffffff", kind="int32")).json()["text"] == "-1"
    assert (await ask("/cast", value="0x20000054", kind="pointer")).json()["text"] == "0x20000054 <station+44>"
    assert "channel" in (await ask("/types", text="CHAN")).json()


@pytest.mark.usefixtures("crash")
async def test_memory_and_code(ask: Ask) -> None:
    runs = (await ask("/memory", address="0x20000054", size=16)).json()
    assert runs[0]["address"] == "0x20000054"
    assert runs[0]["source"] == "dump"
    assert runs[0]["symbol"] == "station"
    assert len(b"".join(base64.b64decode(one["content"]) for one in runs)) == 16
    code = (await ask("/disassembly")).json()
    assert [one["address"] for one in code if one["failed"]] == ["0x00001a9c"]


@pytest.mark.usefixtures("crash")
async def test_downloads(ask: Ask) -> None:
    dump = await ask("/dump")
    assert dump.content[:2] == b"ZE"
    assert f"crash-{EVENT[:8]}.dump" in dump.headers["Content-Disposition"]
    core = await ask("/core")
    assert core.content[:4] == b"\x7fELF"
    assert decode_report((await ask("/report")).content) == report_of(CASE)
    assert (await ask("/markdown")).text.startswith("# Null pointer dereference")


@pytest.mark.usefixtures("crash")
async def test_whoever_only_looks_gets_no_dump(bench: Bench, ask: Ask) -> None:
    bench.role = Role.VIEWER
    assert (await ask()).status_code == 200
    for path in ("/dump", "/core"):
        refused = await ask(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")


@pytest.mark.usefixtures("crash")
@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("/variables", {"frame": 900}, 404, "not-found"),
        ("/variables", {"path": "0.900"}, 404, "not-found"),
        ("/variables", {"path": "0;1"}, 422, "entry"),
        ("/variables", {"path": "9" * 40}, 422, "entry"),
        ("/variables", {"frame": -1}, 422, "input"),
        ("/globals/999999999999999999999", {}, 404, "not-found"),
        ("/cast", {"value": "0x1", "kind": "struct nothing"}, 404, "not-found"),
        ("/cast", {"value": "99999999999999999999", "kind": "int8"}, 422, "entry"),
        ("/memory", {"address": "sp"}, 422, "entry"),
        ("/memory", {"address": "0", "size": 65537}, 422, "input"),
    ],
)
async def test_what_is_not_there_is_said(ask: Ask, path: str, query: dict[str, object], status: int, code: str) -> None:
    answer = await ask(path, **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("event_id", [str(uuid.UUID(int=7)), "nothing", "%00", "x" * 5000])
async def test_an_unknown_crash_is_not_found(ask: Ask, event_id: str) -> None:
    answer = await ask(event_id=event_id)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.usefixtures("crash")
async def test_without_its_dump_a_crash_still_has_its_report(bench: Bench, ask: Ask) -> None:
    bench.services.store.delete(dump_key(item_of(CASE).sha256))
    assert (await ask()).json()["report"] is not None
    for path in ("/variables", "/registers", "/dump", "/core"):
        gone = await ask(path)
        assert (gone.status_code, gone.json()["code"]) == (410, "dump-gone")


@pytest.mark.usefixtures("crash")
async def test_without_its_report_a_crash_still_has_its_event(bench: Bench, ask: Ask) -> None:
    for key in report_keys(EVENT):
        bench.services.store.delete(key)
    answer = (await ask()).json()
    assert answer["report"] is None
    assert "not in the store any more" in answer["why_no_report"]
    assert answer["event"]["data"]["frames"]
    assert (await ask("/markdown")).json()["code"] == "report-gone"


async def test_without_firmware_names_are_missing_and_registers_are_not(bench: Bench, ask: Ask) -> None:
    await bench.crash(CASE, symbols=False)
    assert (await ask()).json()["symbols"]["state"] == "missing"
    for path, query in (("/variables", {}), ("/globals", {}), ("/cast", {"value": "1", "kind": "channel"})):
        missing = await ask(path, **query)
        assert (missing.status_code, missing.json()["code"]) == (409, "firmware-missing")
    assert (await ask("/registers")).status_code == 200
    assert (await ask("/cast", value="1", kind="uint8")).json()["text"] == "1"
    assert (await ask("/core")).content[:4] == b"\x7fELF"


@pytest.mark.usefixtures("crash")
async def test_a_crash_is_analysed_again(bench: Bench, redis: Redis) -> None:
    async with bench.client() as client:
        answer = await client.post(f"/api/v1/crashes/{EVENT}/reanalyse")
        bench.role = Role.VIEWER
        refused = await client.post(f"/api/v1/crashes/{EVENT}/reanalyse")
    assert (answer.status_code, answer.json()) == (202, {"event_id": EVENT})
    assert refused.status_code == 403
    settings = bench.services.settings
    stream = Keys(settings.key_prefix).dumps(partition_of("lab-7", settings.partitions))
    entries = await redis.xrange(stream)
    assert [decode_item(fields[FIELD]) for _, fields in entries] == [item_of(CASE)]


async def test_the_api_describes_itself(bench: Bench) -> None:
    async with bench.client() as client:
        answer: httpx.Response = await client.get("/api/v1/openapi.json")
    paths = answer.json()["paths"]
    described = [
        operation for path, each in paths.items() if "/crashes/{event_id}" in path for operation in each.values()
    ]
    assert len(described) == 20
    assert all(operation["description"] for operation in described)
