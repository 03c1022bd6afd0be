"""A crash that a device publishes is on the page without anybody's doing."""

import time

import pytest
from playwright.sync_api import expect

from tests.analyzer.golden import GOLDEN
from tests.console.browser.conftest import Visit
from tests.console.browser.installation import Installation

pytestmark = pytest.mark.services

TITLE = "Null pointer dereference in calibration_in_range (sensor.c:41)"


def test_a_crash_appears_without_a_reload_and_gets_its_names_when_the_firmware_comes(
    installation: Installation, visit: Visit
) -> None:
    case = "cortex-m/null-deref-Os-clang"  # a firmware that no other test brings
    page = visit()
    page.goto("/events")
    expect(page.locator("#live-mark.on")).to_be_visible()
    page.evaluate("window.stayed = true")
    event_id = installation.crash(case, "lab-live", "--firmware", "weather", "--version", "1.4.2")
    row = page.locator(f"#crash-{event_id}")
    expect(row).to_be_visible()
    expect(row).to_contain_text("lab-live")
    expect(row).to_contain_text("no symbols")
    installation.run("firmware", "add", GOLDEN / case / "firmware.elf")
    expect(row).to_contain_text(TITLE)
    expect(row).not_to_contain_text("no symbols")
    assert page.evaluate("window.stayed")
    row.get_by_role("link", name=TITLE).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(TITLE)


def test_a_thread_or_device_called_like_markup_stays_text(installation: Installation, visit: Visit) -> None:
    page = visit()
    page.goto("/events")
    hostile = "<script>document.title='x'</script>"
    event_id = installation.crash(
        "cortex-m/oops-Og", "lab-hostile", "--firmware", hostile, "--attribute", f"note={hostile}"
    )
    expect(page.locator(f"#crash-{event_id}")).to_contain_text(hostile)
    page.goto(f"/crashes/{event_id}")
    expect(page.get_by_text(hostile).first).to_be_visible()
    time.sleep(0.2)
    assert page.title() != "x"
