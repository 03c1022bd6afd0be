"""Alerts in a browser: set up, tested, told by a real crash, and read in the log."""

import pytest
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook
from support.alerts import receiver

from console.people.roles import Role
from tests.console.browser.axe import findings
from tests.console.browser.conftest import Visit
from tests.console.browser.installation import Installation

pytestmark = pytest.mark.services


def check(page: Page, width: int) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach(each => { each.open = true })")
    page.wait_for_timeout(100)
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('main details').forEach(each => { each.open = false })")


def test_a_crash_is_told_to_a_webhook_that_an_admin_set_up(installation: Installation, visit: Visit) -> None:
    page = visit(Role.ADMIN)
    with receiver() as there:
        page.goto("/alerts")
        check(page, 1280)
        page.get_by_role("link", name="Add a webhook").click()
        page.get_by_label("Name").fill("on-call <b>bot</b>")
        page.get_by_label("Address").fill(there.url)
        check(page, 1280)
        page.get_by_role("button", name="Add", exact=True).click()
        key = page.get_by_label("The key").input_value()
        page.get_by_role("link", name="I have it").click()
        page.get_by_role("button", name="Send a test").click()
        expect(page.locator("#tested")).to_contain_text("Delivered")
        check(page, 1280)
        page.goto("/alerts")
        page.locator(".actions").get_by_role("link", name="Add a rule").click()
        check(page, 1280)
        page.get_by_role("link", name="New group").click()
        page.get_by_label("Only crashes that fit").fill("https://elsewhere/events?device=told-*&since=24h")
        check(page, 1280)
        page.get_by_role("button", name="Add rule").click()
        expect(page.get_by_text("device told-*")).to_be_visible()
        # Without its firmware, and at an address that no other test's build has, it is a cause of its own.
        installation.crash("cortex-m/div-zero-Og", "told-1", build_id="ab" * 20)
        expect_told(page)
        headers, body = there.got[-1]
        assert Webhook(key).verify(body, headers)["data"]["device"] == "told-1"
    page.goto("/alerts/log")
    check(page, 1280)
    phone = visit(Role.ADMIN, viewport={"width": 375, "height": 812}, color_scheme="dark")
    for path in ("/alerts", "/alerts/log", "/alerts/targets/1", "/alerts/rules/1", "/alerts/rules/new?trigger=lag"):
        phone.goto(path)
        check(phone, 375)
    page.goto("/alerts/targets/1")
    page.locator("summary", has_text="Delete").click()
    page.get_by_role("button", name="Delete this target").click()
    expect(page.get_by_text("No targets yet")).to_be_visible()


def expect_told(page: Page) -> None:
    """The log is no live page: look again until it is there."""
    for _ in range(60):
        page.goto("/alerts")
        if page.locator("#log .badge.good").count():
            return
        page.wait_for_timeout(500)
    raise AssertionError(page.locator("#log").inner_text())
