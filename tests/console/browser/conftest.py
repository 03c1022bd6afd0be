"""An installation and a browser for all tests of the room; whatever a page does wrong fails its test.

They share both, so each brings devices and firmware of its own.
"""

from collections.abc import Callable, Generator, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, sync_playwright
from support.console import PASSWORD
from support.services import Service, needed

from console.people.roles import Role
from tests.console.browser.installation import Installation

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="package")
def installation(
    tmp_path_factory: pytest.TempPathFactory, mosquitto: Service, redis_server: Service
) -> Iterator[Installation]:
    """Broker, Redis, workers and console, with an account of each role."""
    made = Installation(
        tmp_path_factory.mktemp("installation"),
        f"mqtt://{mosquitto.host}:{mosquitto.port}",
        f"redis://{redis_server.host}:{redis_server.port}/0",
    )
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless; gone before tests elsewhere: Playwright keeps an event loop running."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needed("chromium"), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def sessions(installation: Installation, chromium: Browser) -> dict[Role, str]:
    """What a browser remembers of having signed in, by role: signing in is limited in its rate."""
    remembered: dict[Role, str] = {}
    for role in Role:
        context = chromium.new_context(base_url=installation.url)
        page = context.new_page()
        page.goto("/")
        page.get_by_label("Name").fill(role.label)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url("**/events")
        remembered[role] = context.storage_state()  # type: ignore[assignment]
        context.close()
    return remembered


Visit = Callable[..., Page]
"""`visit(Role.ENGINEER)`: a new page of somebody who is signed in; options as of `Browser.new_context`."""


@pytest.fixture
def visit(installation: Installation, chromium: Browser, sessions: dict[Role, str]) -> Generator[Visit]:
    """Pages that may not raise an error, break the content security policy, or ask another host for anything."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []
    home = urlsplit(installation.url).netloc

    def check(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != home:
            wrong.append(f"a request leaves the host: {request.url}")

    def refuse(response: Response) -> None:
        # A crash may lose its firmware between a page and a piece of it, which says so in its place.
        if response.status == 409 and response.headers.get("x-piece") == "problem":
            return
        # A test may ask for a page that is refused; what a page asks for by itself must be there.
        if response.status >= (400 if response.request.resource_type != "document" else 500):
            wrong.append(f"{response.status} for {response.url}")

    def complain(page: Page, said: ConsoleMessage) -> None:
        if said.type == "error" and not said.text.startswith("Failed to load resource"):
            wrong.append(f"{page.url}: {said.text}")

    def open_page(role: Role = Role.ENGINEER, **options: object) -> Page:
        context = chromium.new_context(
            base_url=installation.url,
            storage_state=sessions[role],
            accept_downloads=True,
            **options,  # type: ignore[arg-type]
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", check)
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        page.on("console", lambda said: complain(page, said))
        page.on("response", refuse)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
