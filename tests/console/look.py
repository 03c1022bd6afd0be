"""Screenshots of the console with made-up crashes, to be looked at: `python -m tests.console.look FOLDER [PAGE…]`."""

import asyncio
import os
import sys
import tempfile
import threading
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request
from playwright.sync_api import Browser, Page, sync_playwright
from redis.asyncio import Redis

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.alerts import fill_alerts
from support.deeds import enact
from support.fleet import Fleet, fill
from support.people import fill_people
from support.pipeline import fill_pipeline
from support.services import local_redis
from support.symbols import LINKED, OTHER, SHOWN, STUCK, fill_firmware, park_dumps

from console.app import create_app
from console.database import Database, open_database
from console.database.migrate import migrate
from console.people.access import signed_in
from console.people.clock import now_ms
from console.people.person import Person
from console.people.roles import Role
from console.settings import ConsoleSettings
from console.web.services import Services
from contract.records import Keys
from runtime.store import FolderStore
from tests.analyzer.golden import symbols_of

FLEET = Fleet(crashes=6_000, profiles=120, devices=900, days=30)
PERSON = Person(1, "ada", Role.of("admin"), csrf="c" * 20, session="s")
WIDTHS = {1440: 900, 375: 812}
PAGES = {
    "events": "/events",
    "events-filtered": "/events?since=7d&q=sensor&version=1.3.1&version=1.4.1&attr.region=us",
    "events-none": "/events?q=no+such+crash",
    "crash": f"/crashes/{SHOWN}",
    "crash-open": f"/crashes/{SHOWN}",
    "deadlock": f"/crashes/{STUCK}",
    "memory": f"/crashes/{SHOWN}/memory?at=station",
    "groups": "/groups",
    "groups-filtered": "/groups?state=all&version=1.3.1&q=fault&sort=devices",
    "groups-none": "/groups?state=muted&q=nothing",
    "group": "/groups/1",
    "group-resolved": "/groups/2",
    "group-merged-away": "/groups/5",
    "group-merge": "/groups/merge?group=4&group=6&q=assert",
    "devices": "/devices",
    "devices-loops": "/devices?loops=yes&sort=crashes",
    "devices-none": "/devices?q=nobody",
    "device": "/devices/sensor-00001",
    "device-hostile": "/devices?name=..",
    "firmware": "/firmware",
    "firmware-none": "/firmware?q=nothing",
    "firmware-one": "/firmware/1",
    "firmware-delete": "/firmware/1/delete",
    "link": f"/crashes/{LINKED}/link?for=build",
    "link-to": f"/crashes/{LINKED}/link/to?to={symbols_of(OTHER).build_ids[0].hex()}",
    "linked": f"/crashes/{LINKED}",
    "account": "/account",
    "people": "/people",
    "person": "/people/2",
    "audit": "/audit",
    "audit-none": "/audit?account=nobody&since=7d",
    "operations": "/operations",
    "operations-discard": "/operations/letters/discard?stage=analyzer&code=not-a-dump",
    "alerts": "/alerts",
    "alert-target": "/alerts/targets/2",
    "alert-target-new": "/alerts/targets/new?kind=apprise",
    "alert-rule": "/alerts/rules/2",
    "alert-rule-new": "/alerts/rules/new",
    "alert-log": "/alerts/log",
    "docs": "/docs",
    "sign-in": "/sign-in",
    "password": "/password",
}
BROWSER = (
    "--no-sandbox --disable-gpu --disable-background-networking "
    "--disable-component-update --disable-sync --no-first-run"
)


def application(folder: Path, redis_url: str) -> tuple[FastAPI, Database]:
    """The console over a database in `folder`, with an admin signed in."""
    database = open_database(f"sqlite+aiosqlite:///{folder / 'console.db'}")
    store = FolderStore(folder / "store")
    redis = Redis.from_url(redis_url, protocol=2)
    app = create_app(Services(ConsoleSettings(store=folder / "store", _env_file=None), database, redis, store))

    def signed(request: Request) -> Person:
        request.state.person = PERSON
        return PERSON

    app.dependency_overrides[signed_in] = signed
    return app, database


async def prepare(database: Database, store: FolderStore, redis_url: str) -> None:
    """Tables and crashes."""
    await migrate(database)
    await fill(database, FLEET)
    await enact(database)
    await fill_people(database)
    await fill_firmware(database, store)
    await fill_alerts(database, now_ms())
    async with Redis.from_url(redis_url, protocol=2) as redis:
        await fill_pipeline(redis, Keys(), 8)
        await park_dumps(database, redis, Keys())
    await database.close()


def open_frame(page: Page) -> None:
    """Look into a frame and behind a pointer, as somebody does who wants to know."""
    frame = page.locator("details.crashed details.frame").nth(2)
    frame.locator("summary").click()
    opener = frame.get_by_role("button", name="Open channel")
    opener.click()
    opener.locator("xpath=..").locator("ul").first.get_by_role("button").first.click()
    frame.get_by_role("button", name="Registers").click()
    page.wait_for_load_state("networkidle")
    frame.scroll_into_view_if_needed()


def shoot(browser: Browser, address: str, folder: Path) -> None:
    """A picture of each page in each width and theme; tells what the browser complained of."""
    for width, height in WIDTHS.items():
        for theme in ("light", "dark"):
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
            page = context.new_page()
            page.on("console", lambda message: print("console:", message.text))
            page.on("pageerror", lambda error: print("error:", error))
            for name, path in PAGES.items():
                if sys.argv[2:] and name not in sys.argv[2:]:
                    continue
                page.goto(address + path)
                if name.startswith("events"):
                    page.wait_for_selector(".chart figure")
                if name == "docs":
                    page.wait_for_selector(".opblock")
                if name == "link":
                    page.wait_for_load_state("networkidle")
                if name == "crash-open":
                    open_frame(page)
                page.wait_for_timeout(300)
                wide = page.evaluate("document.documentElement.scrollWidth")
                if wide > width:
                    print(f"{name} at {width}: {wide} px wide")
                page.screenshot(path=folder / f"{name}-{width}-{theme}.png")
            context.close()


def main() -> None:
    """Serve and shoot."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        redis = local_redis(Path(data))
        redis_url = f"redis://{redis.host}:{redis.port}/0"
        app, database = application(Path(data), redis_url)
        asyncio.run(prepare(database, FolderStore(Path(data) / "store"), redis_url))
        server = uvicorn.Server(uvicorn.Config(app, port=int(os.environ.get("PORT", "8791")), log_config=None))
        thread = threading.Thread(target=server.run)
        thread.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=BROWSER.split())
            try:
                shoot(browser, f"http://127.0.0.1:{server.config.port}", folder)
            finally:
                browser.close()
                app.state.services.stopping.set()
                server.should_exit = True
                thread.join()
                redis.kill()


if __name__ == "__main__":
    main()
