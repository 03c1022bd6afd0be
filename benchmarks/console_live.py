"""From an event that the analyzer published to its row in a browser: `python -m benchmarks.console_live [EVENTS]`."""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright
from redis import Redis

from benchmarks.bench import p95
from contract.event import encode_event

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.console import PASSWORD
from support.crashes import crash_event
from support.services import local_mosquitto, local_redis, needed

from tests.console.browser.conftest import FLAGS
from tests.console.browser.installation import Installation

EVENTS = 40


def measure(installation: Installation, redis: Redis, events: int) -> list[float]:
    """Milliseconds from each event to its row."""
    times: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needed("chromium"), args=FLAGS)
        page = browser.new_page(base_url=installation.url)
        page.goto("/")
        page.get_by_label("Name").fill("viewer")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_selector("#live-mark.on")
        for number in range(events):
            event = crash_event(number, time_ms=time.time_ns() // 1_000_000)
            time.sleep(0.317)  # in no step with what looks for news
            start = time.perf_counter()
            redis.xadd(installation.keys.events, {"event": encode_event(event)})
            page.wait_for_selector(f"#crash-{event.id}")
            times.append((time.perf_counter() - start) * 1000)
        browser.close()
    return times


def main() -> None:
    """Publish one after the other, and wait for each of them to be on the page."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        redis, mosquitto = local_redis(folder), local_mosquitto(folder)
        installation = Installation(folder, f"mqtt://127.0.0.1:{mosquitto.port}", f"redis://127.0.0.1:{redis.port}/0")
        installation.start()
        try:
            times = measure(installation, Redis("127.0.0.1", redis.port), events)
        finally:
            installation.stop()
            redis.kill()
            mosquitto.kill()
    print(
        f"published to visible: median {statistics.median(times):.0f} ms, p95 {p95(times):.0f} ms, "
        f"worst {max(times):.0f} ms over {events} events; goal 1000 ms"
    )


if __name__ == "__main__":
    main()
