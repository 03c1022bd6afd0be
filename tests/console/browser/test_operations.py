"""Operations in a browser: a dump that was given up is retried and becomes an event; numbers change in place."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import expect
from redis import Redis

from console.people.roles import Role
from contract.identity import partition_of
from contract.records import FIELD, DumpItem, encode_record
from runtime.store import FolderStore, content_name, dump_key
from tests.analyzer.golden import GOLDEN
from tests.console.browser.axe import findings
from tests.console.browser.conftest import Visit
from tests.console.browser.installation import Installation

pytestmark = pytest.mark.services

EVENT = "0c2f6a7e-0000-5000-8000-00000000dead"
DEVICE = "lab-dead"


@pytest.fixture
def letter(installation: Installation) -> Path:
    """A dump whose file went bad is analysed in vain; returns the file, with what it should have been beside it."""
    dump = (GOLDEN / "cortex-m/oops-Og" / "dump.core").read_bytes()
    store = FolderStore(Path(installation.environment["FAULTCAST_STORE"]))
    key = dump_key(content_name(dump + b"?"))  # a name of its own, as another test may send the same dump
    store.put(key, b"nothing that a device would send")
    item = DumpItem(
        event_id=EVENT,
        device=DEVICE,
        sha256=content_name(dump + b"?"),
        size=len(dump),
        dump_id=b"d",
        chunks=1,
        first_received_ms=time.time_ns() // 1_000_000,
        last_received_ms=time.time_ns() // 1_000_000,
    )
    with Redis.from_url(installation.environment["FAULTCAST_REDIS_URL"], protocol=2) as redis:
        partitions = int(installation.environment["FAULTCAST_PARTITIONS"])
        redis.xadd(installation.keys.dumps(partition_of(DEVICE, partitions)), {FIELD: encode_record(item)})
    file = store.path(key)
    file.with_name("good").write_bytes(dump)
    return file


def test_a_dead_letter_is_retried_and_becomes_an_event(visit: Visit, letter: Path) -> None:
    page = visit(Role.ENGINEER)
    page.goto("/operations")
    page.evaluate("window.stayed = true")
    row = page.locator("table.letters tr", has_text=DEVICE)
    expect(row).to_be_visible(timeout=30_000)  # without a reload
    assert page.evaluate("window.stayed")
    expect(row).to_contain_text("not-a-dump")
    letter.with_name("good").rename(letter)  # what an operator restored
    row.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("1 letter put back.")).to_be_visible()
    expect(page.locator("table.letters tr", has_text=DEVICE)).to_have_count(0)
    page.goto("/events")
    expect(page.locator(f"#crash-{EVENT}")).to_contain_text(DEVICE, timeout=30_000)
    page.locator(f"#crash-{EVENT} a.open").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_numbers_change_in_place_and_the_focus_stays(visit: Visit) -> None:
    page = visit(Role.VIEWER)
    page.goto("/operations")
    expect(page.locator("#workers")).to_contain_text("analyzer")
    page.locator("#to-letters").focus()
    before = page.evaluate("""() => {
        window.shift = 0;
        new PerformanceObserver((list) => { for (const each of list.getEntries()) window.shift += each.value; })
          .observe({ type: "layout-shift" });
        document.querySelector("#stages").dataset.old = "yes";
        return document.querySelector("#stages").getBoundingClientRect().top;
    }""")
    expect(page.locator("#stages:not([data-old])")).to_be_attached(timeout=30_000)  # it was replaced
    assert page.evaluate("document.activeElement.id") == "to-letters"
    assert page.evaluate("document.querySelector('#stages').getBoundingClientRect().top") == before
    assert page.evaluate("window.shift") < 0.01
    expect(page.get_by_role("table", name="Work that waits, by stage").locator("tbody tr")).to_have_count(2)


def test_the_page_can_be_read_by_all(visit: Visit, letter: Path) -> None:
    for width, theme in ((1440, "light"), (375, "dark")):
        page = visit(Role.ADMIN, viewport={"width": width, "height": 900}, color_scheme=theme)
        page.goto("/operations")
        row = page.locator("table.letters tr", has_text=DEVICE).first
        expect(row).to_be_visible(timeout=30_000)
        assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        row.get_by_role("link", name="Discard…").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Discard")
        assert findings(page) == []
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("1 letter discarded.")).to_be_visible()
    letter.with_name("good").unlink()
