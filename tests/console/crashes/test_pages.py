import re
from html.parser import HTMLParser

import msgspec
import pytest
from redis.asyncio import Redis

from analyzer.report.model import Report
from console.people.roles import Role
from contract.identity import partition_of
from contract.records import Keys
from runtime.store import dump_key, report_keys
from tests.console.crashes.conftest import EVENT, Bench, item_of

CASE = "cortex-m/null-deref-Os"
PAGE = f"/crashes/{EVENT}"
HOSTILE = "<script>alert(1)</script>"


async def _get(bench: Bench, path: str = "", /, **query: object) -> str:
    async with bench.client() as client:
        answer = await client.get(PAGE + path, params=query)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.text


class _Inline(HTMLParser):
    """Collects what a content security policy forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.found += [f"{tag} {name}" for name in names if name == "style" or re.match(r"on[a-z]+$", name)]
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)


def _hostile(report: Report) -> Report:
    """Everything that a device names is called like a script."""
    replace = msgspec.structs.replace
    threads = [
        replace(
            thread,
            name=HOSTILE,
            state=HOSTILE,
            waits_for=HOSTILE,
            waits_kind=HOSTILE,
            waits_owner=HOSTILE,
            unwound=HOSTILE,
            frames=[
                replace(
                    frame,
                    function=HOSTILE,
                    file=HOSTILE,
                    locals=[replace(one, name=HOSTILE, type=HOSTILE, value=HOSTILE) for one in frame.locals],
                )
                for frame in thread.frames
            ],
        )
        for thread in report.threads
    ]
    objects = [replace(one, name=HOSTILE, state=HOSTILE, problem=HOSTILE, waiting=[HOSTILE]) for one in report.objects]
    fault = replace(report.fault, title=HOSTILE, explanation=f"{HOSTILE} `{HOSTILE}", evidence=[HOSTILE])
    return replace(report, threads=threads, objects=objects, fault=fault, grouped_by=HOSTILE)


async def test_the_page_tells_what_happened(bench: Bench) -> None:
    bench.firmware(CASE)
    await bench.crash(CASE)
    page = await _get(bench)
    for text in (
        "Null pointer dereference in calibration_in_range (sensor.c:41)",
        "calibration-&gt;minimum",
        "src/app/sensor.c:41",
        "ldrsh.w r3, [r7, #8]",
        "storage_mutex",
        "held by <code>main</code>",
        'hx-get="/crashes/6f1f9d4e-3c3a-5a3e-9b57-0d2f6a3b1c11/values?at=frame.0.0.0"',
        "faultcast gdb crash-6f1f9d4e.dump --elf zephyr.elf",
        "Analyse again",
        "Raw dump",
        "/devices/lab-7",
    ):
        assert text in page
    assert page.count('<details class="thread') == 9


async def test_what_a_device_says_stays_text(bench: Bench) -> None:
    bench.firmware(CASE)
    await bench.crash(CASE, change=_hostile)
    page = await _get(bench)
    assert HOSTILE not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 50
    parser = _Inline()
    parser.feed(page)
    assert parser.found == []


async def test_whoever_only_looks_sees_no_dump_to_download(bench: Bench) -> None:
    bench.role = Role.VIEWER
    await bench.crash(CASE, symbols=False)
    page = await _get(bench)
    assert "Raw dump" not in page
    assert "Analyse again" not in page
    assert "Symbols: missing." in page


async def test_without_dump_and_report_the_page_shows_the_event(bench: Bench) -> None:
    bench.firmware(CASE)
    await bench.crash(CASE)
    for key in (*report_keys(EVENT), dump_key(item_of(CASE).sha256)):
        bench.services.store.delete(key)
    page = await _get(bench)
    assert "not in the store any more" in page
    assert "sensor_sample_channel" in page
    assert "hx-get" not in page.replace("hx-headers", "")


async def test_deadlocks_are_named(bench: Bench) -> None:
    case = "cortex-m/deadlock-Os"
    bench.firmware(case)
    await bench.crash(case)
    assert "<strong>Deadlock</strong>" in await _get(bench)


async def test_pieces_are_loaded_when_they_are_asked_for(bench: Bench) -> None:
    bench.firmware(CASE)
    await bench.crash(CASE)
    variables = await _get(bench, "/values", at="frame.0.0.1")
    assert "path=0" in variables
    assert 'href="/crashes/6f1f9d4e-3c3a-5a3e-9b57-0d2f6a3b1c11/memory?at=0x20000054"' in variables
    assert "path=0.0" in await _get(bench, "/values", at="frame.0.0.1", path="0")
    assert "station" in await _get(bench, "/globals", text="station")
    assert "xpsr" in await _get(bench, "/registers")
    assert "-1" in await _get(bench, "/cast", value="0xffffffff", kind="int32")
    assert "&lt;station+44&gt;" in await _get(bench, "/cast", value="0x20000054", kind="int8", type="pointer")
    assert '<option value="channel">' in await _get(bench, "/types", type="channel")
    assert "➤" in await _get(bench, "/code")
    memory = await _get(bench, "/memory", at="station + 4")
    assert "20000020" in memory
    assert "noise_state, station" in memory
    stack = await _get(bench, "/memory", at="sp")
    assert "sensor_stack" in stack
    assert "sensor_poll+0x" in stack  # where it returns to


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/values", {"at": "frame.0.0"}, 422),
        ("/values", {"at": HOSTILE}, 422),
        ("/values", {"at": "frame.0.900.0"}, 404),
        ("/values", {"at": "object.0x1.no such type"}, 404),
        ("/cast", {"value": "x", "kind": "int8"}, 422),
        ("/memory", {"at": HOSTILE}, 404),
        ("/memory", {"at": "+"}, 422),
    ],
)
async def test_what_is_wrong_is_said_in_its_place(bench: Bench, path: str, query: dict[str, str], status: int) -> None:
    bench.firmware(CASE)
    await bench.crash(CASE)
    async with bench.client() as client:
        answer = await client.get(PAGE + path, params=query)
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert HOSTILE not in answer.text


async def test_a_person_has_a_crash_analysed_again(bench: Bench, redis: Redis) -> None:
    await bench.crash(CASE, symbols=False)
    async with bench.client() as client:
        answer = await client.post(f"{PAGE}/reanalyse")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}?queued#log")
    settings = bench.services.settings
    assert await redis.xlen(Keys(settings.key_prefix).dumps(partition_of("lab-7", settings.partitions))) == 1
