"""A cause that was resolved, and crashes again."""

import pytest
from playwright.sync_api import expect

from tests.analyzer.golden import GOLDEN
from tests.console.browser.conftest import Visit
from tests.console.browser.installation import Installation

pytestmark = pytest.mark.services

FIRST, LATER = "cortex-m/use-after-free-O3", "cortex-m/use-after-free-Os"


def test_a_newer_build_reopens_a_group_and_an_older_one_does_not(installation: Installation, visit: Visit) -> None:
    for case in (FIRST, LATER):
        installation.run("firmware", "add", GOLDEN / case / "firmware.elf")
    page = visit()
    event_id = installation.crash(FIRST, "back-1", "--version", "1.0.0")
    page.goto("/events?device=back-1")
    page.locator(f"#crash-{event_id} a[href^='/groups/']").click()
    page.locator("summary", has_text="Resolve").click()
    page.get_by_label("Fixed in version").fill("1.1.0")
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.locator(".group-head")).to_contain_text("Resolved in 1.1.0 by engineer")
    group = page.url.partition("?")[0]

    older = installation.crash(FIRST, "back-2", "--version", "1.0.5", "--boot", "2")
    page.goto("/events?device=back-2")
    expect(page.locator(f"#crash-{older}")).to_be_visible()
    page.goto(group)
    expect(page.locator(".group-head")).to_contain_text("Resolved in 1.1.0")  # that version does not have the fix

    newer = installation.crash(LATER, "back-3", "--version", "1.2.0")
    page.goto("/events?device=back-3")
    expect(page.locator(f"#crash-{newer}")).to_be_visible()
    page.goto(group)
    expect(page.locator(".regression")).to_contain_text("came back in 1.2.0")
    page.goto("/groups")
    expect(page.locator(f"#group-{group.rpartition('/')[2]}")).to_contain_text("regress")
