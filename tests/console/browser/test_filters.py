"""Each filter of the Events page, through the form and through the address."""

import csv
from collections.abc import Mapping

import pytest
from playwright.sync_api import Browser, Page, expect

from console.people.roles import Role
from tests.analyzer.golden import GOLDEN
from tests.console.browser.conftest import Visit
from tests.console.browser.installation import Installation, build_id_of

pytestmark = pytest.mark.services

NULL, DEADLOCK, RISCV = "cortex-m/null-deref-Os", "cortex-m/div-zero-Og", "riscv32/null-deref-Os"
UNKNOWN = "00112233445566778899aabbccddeeff00112233"


@pytest.fixture(scope="module")
def crashes(installation: Installation, chromium: Browser, sessions: Mapping[Role, str]) -> Mapping[str, str]:
    """Crashes that differ in everything that can be asked for, all in the table; by a name, the id of the event."""
    for case in (NULL, DEADLOCK, RISCV):
        installation.run("firmware", "add", GOLDEN / case / "firmware.elf")
    sent = {
        "null": installation.crash(
            NULL, "f-alpha-1", "--firmware", "weather", "--version", "1.0.0", "--board", "board_a",
            "--attribute", "region=eu",
        ),
        "zero": installation.crash(
            DEADLOCK, "f-alpha-2", "--firmware", "pump", "--version", "2.0.0", "--board", "board_b",
            "--attribute", "region=us",
        ),
        "riscv": installation.crash(
            RISCV, "f-beta-1", "--firmware", "valve", "--version", "3.0.0", "--board", "board_c",
            "--attribute", "line=7",
        ),
        "unknown": installation.crash(NULL, "f-beta-2", "--firmware", "ghost", "--version", "4.0.0", build_id=UNKNOWN),
    }  # fmt: skip
    with chromium.new_context(base_url=installation.url, storage_state=sessions[Role.VIEWER]) as context:
        page = context.new_page()
        page.goto("/events?device=f-*")
        for event_id in sent.values():
            expect(page.locator(f"#crash-{event_id}")).to_be_visible(timeout=20_000)
    return sent


def shown(page: Page, crashes: Mapping[str, str]) -> set[str]:
    """Which of the crashes are in the table."""
    ids = {row.get_attribute("id") for row in page.locator("tbody tr[data-row]").all()}
    return {name for name, event_id in crashes.items() if f"crash-{event_id}" in ids}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("text", "calibration_in_range", {"null", "riscv"}),
        ("device", "f-alpha-2", {"zero"}),
        ("device", "f-beta-*", {"riscv", "unknown"}),
        ("firmware", "pump", {"zero"}),
        ("version", "3.0.0", {"riscv"}),
        ("build id", build_id_of(NULL), {"null"}),
        ("build id", UNKNOWN, {"unknown"}),
        ("board", "board_b", {"zero"}),
        ("architecture", "RISC-V", {"riscv"}),
        ("fault kind", "divide-by-zero", {"zero"}),
        ("thread", "sensor", {"null", "riscv"}),
        ("trust", "cfi", {"null", "zero", "riscv"}),
        ("symbolized", "false", {"unknown"}),
        ("complete", "true", {"null", "zero", "riscv", "unknown"}),
        ("metadata", "region=eu", {"null"}),
        ("metadata", "line=7", {"riscv"}),
    ],
)
def test_a_filter_added_in_the_form(
    visit: Visit, crashes: Mapping[str, str], name: str, value: str, expected: set[str]
) -> None:
    page = visit()
    page.goto("/events")
    page.get_by_label("Filter by").select_option(label=name)
    page.get_by_label("Value", exact=True).fill(value)
    page.get_by_role("button", name="Add filter").click()
    expect(page.locator(".chip")).to_have_count(1)
    assert shown(page, crashes) == expected
    page.reload()
    assert shown(page, crashes) == expected
    page.locator(".chip a").click()
    expect(page.locator(".chip")).to_have_count(0)
    assert shown(page, crashes) == set(crashes)


def test_filters_narrow_each_other_and_values_of_one_widen_it(visit: Visit, crashes: Mapping[str, str]) -> None:
    page = visit()
    page.goto("/events?device=f-*&board=board_a&board=board_b")
    assert shown(page, crashes) == {"null", "zero"}
    page.goto("/events?device=f-*&board=board_a&board=board_b&kind=divide-by-zero")
    assert shown(page, crashes) == {"zero"}
    page.goto("/events?board=board_a&kind=divide-by-zero")
    assert shown(page, crashes) == set()
    expect(page.get_by_role("heading", name="No crash fits this filter")).to_be_visible()


def test_a_group_is_a_filter(visit: Visit, crashes: Mapping[str, str]) -> None:
    page = visit()
    page.goto("/events?device=f-*")
    page.locator(f"#crash-{crashes['zero']} td a[href^='/groups/']").click()
    group = page.url.rpartition("/")[2]
    page.goto(f"/events?group={group}")
    assert shown(page, crashes) == {"zero"}


def test_time_ranges(visit: Visit, crashes: Mapping[str, str]) -> None:
    page = visit()
    page.goto("/events?device=f-*")
    page.get_by_role("link", name="1 h", exact=True).click()
    assert "since=1h" in page.url
    assert shown(page, crashes) == set(crashes)
    page.goto("/events?device=f-*&until=2020-01-01T00:00:00Z")
    assert shown(page, crashes) == set()
    page.goto("/events?device=f-*&since=yesterday")
    expect(page.get_by_role("main")).to_contain_text("since")


@pytest.mark.usefixtures("crashes")
def test_a_bar_of_the_chart_is_a_time_range(visit: Visit) -> None:
    page = visit()
    page.goto("/events?device=f-*&since=24h")
    bars = page.locator(".chart a")
    expect(bars.last).to_be_visible()
    bars.last.click()
    assert "until=" in page.url


def test_a_filter_is_kept_under_a_name_and_found_by_others(visit: Visit, crashes: Mapping[str, str]) -> None:
    page = visit()
    page.goto("/events?device=f-*&board=board_c")
    page.get_by_text("Saved filters").click()
    page.get_by_label("Name of this filter").fill("valves")
    page.get_by_label("for everybody").check()
    page.get_by_role("button", name="Save", exact=True).click()
    other = visit(Role.VIEWER)
    other.goto("/events")
    other.get_by_text("Saved filters").click()
    other.get_by_role("link", name="valves").click()
    assert shown(other, crashes) == {"riscv"}
    page.get_by_text("Saved filters").click()
    page.get_by_role("button", name="Delete valves").click()
    expect(page.get_by_role("link", name="valves")).to_have_count(0)


@pytest.mark.usefixtures("crashes")
def test_what_is_shown_can_be_exported(visit: Visit) -> None:
    page = visit()
    page.goto("/events?device=f-alpha-*")
    page.get_by_text("Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(download.value.path().read_text(encoding="utf-8").splitlines()))
    assert {row["device"] for row in rows} == {"f-alpha-1", "f-alpha-2"}
