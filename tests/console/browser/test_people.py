"""Who may see and do what, from the first sign-in on."""

import pytest
from playwright.sync_api import Browser, expect

from console.people.roles import Role
from tests.console.browser.conftest import Visit
from tests.console.browser.installation import Installation

pytestmark = pytest.mark.services


def test_an_admin_adds_somebody_who_then_sets_a_password(
    installation: Installation, visit: Visit, chromium: Browser
) -> None:
    page = visit(Role.ADMIN)
    page.goto("/people")
    page.get_by_label("Name").fill("grace")
    page.get_by_label("viewer").check()
    page.get_by_role("button", name="Add", exact=True).click()
    password = page.get_by_label("The one-time password").input_value()
    context = chromium.new_context(base_url=installation.url)
    other = context.new_page()
    other.goto("/groups")  # leads to the sign-in, and back
    other.get_by_label("Name").fill("grace")
    other.get_by_label("Password").fill(password)
    other.get_by_role("button", name="Sign in", exact=True).click()
    expect(other.get_by_label("New password", exact=True)).to_be_visible()
    other.get_by_label("Current password").fill(password)
    other.get_by_label("New password", exact=True).fill("three words and more")
    other.get_by_label("New password again").fill("three words and more")
    other.get_by_role("button", name="Set password").click()
    expect(other.get_by_role("navigation", name="Main")).to_be_visible()
    context.close()
    page.goto("/audit")
    expect(page.get_by_role("main")).to_contain_text("grace")


def test_a_viewer_sees_no_button_that_they_may_not_press(installation: Installation, visit: Visit) -> None:
    event_id = installation.crash("cortex-m/oops-Og", "r-1")
    engineer, viewer = visit(Role.ENGINEER), visit(Role.VIEWER)
    for page, count in ((engineer, 1), (viewer, 0)):
        page.goto("/events?device=r-1")
        expect(page.locator(f"#crash-{event_id}")).to_be_visible()
        group = page.locator(f"#crash-{event_id} a[href^='/groups/']").get_attribute("href")
        assert group
        page.goto(group)
        expect(page.get_by_role("button", name="Mute")).to_have_count(count)
        page.goto("/firmware")
        expect(page.get_by_label("Add ELF files")).to_have_count(count)


def test_what_is_not_shown_is_refused_too(visit: Visit) -> None:
    viewer = visit(Role.VIEWER)
    for path in ("/people", "/audit", "/alerts"):
        answer = viewer.goto(path)
        assert answer
        assert answer.status == 403, path
        expect(viewer.get_by_role("main")).to_contain_text("admin")
    refused = viewer.request.post("/api/v1/firmware", data=b"\x7fELF")
    assert (refused.status, refused.json()["code"]) == (403, "csrf")
    csrf = viewer.request.get("/api/v1/me").json()["csrf"]
    refused = viewer.request.post("/api/v1/firmware", data=b"\x7fELF", headers={"X-CSRF-Token": csrf})
    assert (refused.status, refused.json()["code"]) == (403, "not-allowed")


def test_a_token_is_shown_once_and_does_what_its_scope_says(visit: Visit) -> None:
    page = visit(Role.ENGINEER, permissions=["clipboard-read", "clipboard-write"])
    page.goto("/account")
    page.get_by_label("Name", exact=True).fill("reader")
    page.locator("input[name=scopes][value=read]").check()
    page.get_by_role("button", name="Make token").click()
    secret = page.locator("input.secret").input_value()
    assert secret.startswith("fc_")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    headers = {"Authorization": f"Bearer {secret}", "Cookie": ""}
    assert page.request.get("/api/v1/events", headers=headers).status == 200
    refused = page.request.post("/api/v1/firmware", data=b"\x7fELF", headers=headers)
    assert refused.status == 403
    page.goto("/account")
    expect(page.get_by_text(secret)).to_have_count(0)
