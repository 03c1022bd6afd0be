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


NAMES = ("sign-in", "events", "events-filtered", "events-none", "crash", "deadlock", "memory")
NAMES += ("account", "people", "person", "audit", "audit-none", "missing")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_no_grave_finding_and_fits(visit: Visit, paths: Mapping[str, str], name: str) -> None:
    for width, theme in ((1440, "light"), (375, "dark")):
        page = visit(Role.ADMIN, viewport={"width": width, "height": 900}, color_scheme=theme)
        if name in ("crash", "deadlock"):
            page.goto("/events?device=every-*")
            expect(page.locator(f"#{paths[name].removeprefix('/').replace('crashes/', 'crash-')}")).to_be_visible()
        page.goto(paths[name])
        page.wait_for_load_state("networkidle") if "events" not in name else expect(page.locator("h1")).to_be_visible()
        page.evaluate("document.querySelectorAll('main details').forEach(each => { each.open = true })")
        page.wait_for_timeout(500)  # what opens asks for more
        assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
