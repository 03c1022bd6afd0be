"""What holds for every page: readable for all, nothing wider than the screen, in both themes."""

from collections.abc import Mapping

import pytest
from playwright.sync_api import expect

from console.people.roles import Role
from tests.analyzer.golden import GOLDEN
from tests.console.browser.axe import findings
from tests.console.browser.conftest import Visit
from tests.console.browser.installation import Installation

pytestmark = pytest.mark.services

NULL, DEADLOCK = "cortex-m/null-deref-Os", "cortex-m/deadlock-Os"


@pytest.fixture(scope="module")
def paths(installation: Installation) -> Mapping[str, str]:
    """The pages, by name."""
    for case in (NULL, DEADLOCK):
        installation.run("firmware", "add", GOLDEN / case / "firmware.elf")
    crash = installation.crash(NULL, "every-1", "--firmware", "weather", "--version", "1.4.2", "--board", "mps2_an385")
    deadlock = installation.crash(DEADLOCK, "every-1", "--firmware", "weather", "--version", "1.4.3")
    return {
        "sign-in": "/sign-in",
        "events": "/events",
        "events-filtered": "/events?device=every-*&q=sensor&since=7d",
        "events-none": "/events?q=no+such+crash",
        "crash": f"/crashes/{crash}",
        "deadlock": f"/crashes/{deadlock}",
        "memory": f"/crashes/{crash}/memory",
        "account": "/account",
        "people": "/people",
        "person": "/people/1",
        "audit": "/audit",
        "audit-none": "/audit?account=nobody",
        "missing": "/no/such/page",
    }


NAMES = ("sign-in", "events", "events-filtered", "events-none", "memory")
NAMES += ("account", "people", "person", "audit", "audit-none", "missing")
VIEWS = ((1440, "light"), (375, "dark"))


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_no_grave_finding_and_fits(visit: Visit, paths: Mapping[str, str], name: str) -> None:
    for width, theme in VIEWS:
        check(visit, paths[name], width, theme)


# The largest pages by far, of the same pieces: one view each.
@pytest.mark.parametrize(("name", "view"), [("crash", VIEWS[0]), ("deadlock", VIEWS[1])])
def test_a_crash_with_all_open_has_no_grave_finding_and_fits(
    visit: Visit, paths: Mapping[str, str], name: str, view: tuple[int, str]
) -> None:
    page = visit(Role.ADMIN)
    page.goto("/events?device=every-*")
    expect(page.locator(f"#{paths[name].removeprefix('/').replace('crashes/', 'crash-')}")).to_be_visible()
    page.close()
    check(visit, paths[name], *view)


def check(visit: Visit, path: str, width: int, theme: str) -> None:
    """Open a page with all that can be opened on it, and look at it."""
    page = visit(Role.ADMIN, viewport={"width": width, "height": 900}, color_scheme=theme)
    page.goto(path)
    expect(page.locator("h1")).to_be_visible()
    page.evaluate("document.querySelectorAll('main details').forEach(each => { each.open = true })")
    page.wait_for_timeout(100)  # until what was opened begins to ask for more
    expect(page.locator(".htmx-request")).to_have_count(0, timeout=30_000)
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
