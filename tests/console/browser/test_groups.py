"""Groups and devices in a browser: decided about, merged, split, undone; without scripts, and by keys alone."""

import re
from collections.abc import Mapping

import pytest
from playwright.sync_api import Page, expect

from console.people.roles import Role
from tests.analyzer.golden import GOLDEN
from tests.console.browser.axe import findings
from tests.console.browser.conftest import Visit
from tests.console.browser.installation import Installation

pytestmark = pytest.mark.services

ASSERT, OVERFLOW = "cortex-m/assert-Og", "cortex-m/stack-overflow-Os"


@pytest.fixture(scope="module")
def titles(installation: Installation) -> Mapping[str, str]:
    """Two causes on one device; by a name, the id of the event of each."""
    for case in (ASSERT, OVERFLOW):
        installation.run("firmware", "add", GOLDEN / case / "firmware.elf")
    return {
        "assert": installation.crash(ASSERT, "group-1", "--firmware", "weather", "--version", "1.4.2"),
        "overflow": installation.crash(OVERFLOW, "group-1", "--firmware", "weather", "--version", "1.4.3"),
    }


def group_of(page: Page, event_id: str) -> str:
    """The address of the group of a crash, once it is there."""
    page.goto("/events?device=group-1")
    link = page.locator(f"#crash-{event_id}").get_by_role("link", name=re.compile("^group "))
    expect(link).to_be_visible()
    return link.get_attribute("href") or ""


def test_groups_are_merged_and_split_without_scripts(visit: Visit, titles: Mapping[str, str]) -> None:
    seen = visit(Role.ENGINEER)
    asserted, overflow = (group_of(seen, titles[each]) for each in ("assert", "overflow"))
    page = visit(Role.ENGINEER, java_script_enabled=False)
    page.goto("/groups?sort=first")
    for group in (asserted, overflow):
        page.locator(f"#group-{group.rpartition('/')[2]}").get_by_role("checkbox").check()
    page.get_by_role("button", name="Merge chosen").click()
    page.locator(f"input[name=into][value='{asserted.rpartition('/')[2]}']").check()
    page.get_by_role("button", name="Merge 2 groups").click()
    expect(page.get_by_role("status").first).to_contain_text("Merged")
    assert page.url.split("?")[0].endswith(asserted)
    expect(page.get_by_role("checkbox")).to_have_count(2)
    expect(page.locator(".ground", has_text="made of")).to_have_count(2)
    page.goto(overflow)
    page.get_by_text("It was merged into").get_by_role("link").click()
    page.get_by_role("checkbox", name=re.compile("overflow", re.IGNORECASE)).check()
    page.get_by_role("button", name="Split chosen off").click()
    expect(page.get_by_role("status").first).to_contain_text("Split off")
    page.get_by_role("button", name="Undo the split").click()
    page.get_by_role("button", name="Undo the merge").click()
    expect(page.get_by_role("status").first).to_contain_text("Undone")
    page.goto(overflow)
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("overflow", re.IGNORECASE))
    expect(page.get_by_text("It was merged into")).to_have_count(0)


def test_a_group_is_resolved_by_keys_alone(visit: Visit, titles: Mapping[str, str]) -> None:
    page = visit(Role.ENGINEER)
    page.goto(group_of(page, titles["assert"]))
    page.locator("summary", has_text="Resolve").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("1.5.0")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Resolved in 1.5.0 by engineer")).to_be_visible()
    page.get_by_role("button", name="Reopen").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Reopened by engineer")).to_be_visible()


def test_rows_of_groups_and_devices_open_by_keys(visit: Visit, titles: Mapping[str, str]) -> None:
    page = visit(Role.VIEWER)
    group_of(page, titles["assert"])
    for path in ("/groups?state=all", "/devices?q=group-1"):
        page.goto(path)
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Newest crashes")).to_be_visible()
    assert page.url.endswith("/devices/group-1")
    expect(page.locator("tbody tr[data-row]")).to_have_count(2)


@pytest.mark.parametrize(
    "path",
    ["/groups?state=all", "/groups?q=nothing", "/groups/{}", "/groups/merge?group={}", "/devices", "/devices/group-1"],
)
def test_pages_of_groups_and_devices_have_no_grave_finding_and_fit(
    visit: Visit, titles: Mapping[str, str], path: str
) -> None:
    for width, theme in ((1440, "light"), (375, "dark")):
        page = visit(Role.ENGINEER, viewport={"width": width, "height": 900}, color_scheme=theme)
        page.goto(path.format(group_of(page, titles["assert"]).rpartition("/")[2]))
        page.evaluate("document.querySelectorAll('main details').forEach(each => { each.open = true })")
        assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
