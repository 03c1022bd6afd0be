"""What axe-core finds on a page."""

from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

AXE: Final = Path(__file__).parents[1] / "vendor" / "axe.min.js"
GRAVE: Final = {"serious", "critical"}


def findings(page: Page) -> list[str]:
    """Each grave finding with the elements that it is about; none is what a page should have."""
    page.evaluate(AXE.read_text(encoding="utf-8"))  # by the debugger: the page's own policy takes no foreign script
    result: dict[str, Any] = page.evaluate("axe.run()")
    return [
        f"{found['id']}: {found['help']}: {node['html']}"
        for found in result["violations"]
        if found["impact"] in GRAVE
        for node in found["nodes"]
    ]
