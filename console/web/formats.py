"""How pages write times, sizes, addresses and counts."""

import time
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from markupsafe import Markup

_STEPS: Final = ((60, "s", 1), (3_600, "min", 60), (86_400, "h", 3_600), (86_400 * 99, "d", 86_400))
_YEAR: Final = 365.25 * 86_400
NOTHING: Final = "\N{EN DASH}"
"""What stands where there is no value."""
_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""What is in the name of a browser and in none before it: most call themselves like others too."""
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_LATEST_MS: Final = 253_402_300_799_000


def absolute(ms: int) -> str:
    """Unix milliseconds as a date and time in UTC."""
    return _date(ms).strftime("%Y-%m-%d %H:%M:%S UTC")


def relative(ms: int, now_ms: int | None = None) -> str:
    """How long ago that was, in the largest unit that fits: `3 min ago`."""
    now = time.time() * 1000 if now_ms is None else now_ms
    seconds = (now - ms) / 1000
    if seconds < 0:
        return "now" if seconds > -60 else absolute(ms)
    if seconds < 1:
        return "now"
    for limit, unit, size in _STEPS:
        if seconds < limit:
            return f"{int(seconds / size)} {unit} ago"
    return f"{seconds / _YEAR:.1f} y ago"


def when(ms: int | None) -> Markup:
    """A `<time>` that tells how long ago, and the time itself to who points at it; scripts keep it up to date."""
    if ms is None:
        return Markup("\N{EN DASH}")
    date = _date(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(date, absolute(ms), relative(ms))


def size(count: int | None) -> str:
    """Bytes in binary units: `8.6 KiB`."""
    if count is None:
        return NOTHING
    if count < 1024:
        return f"{count} B"
    value, unit = float(count), "B"
    for unit in ("KiB", "MiB", "GiB", "TiB"):  # noqa: B007 - the last one is kept
        value /= 1024
        if value < 1000:
            break
    return f"{value:.1f} {unit}" if value < 100 else f"{value:.0f} {unit}"


def address(value: int | None) -> str:
    """A memory address in hexadecimal, with all digits of its word."""
    if value is None:
        return NOTHING
    return f"0x{value:08x}" if value < 1 << 32 else f"0x{value:016x}"


def count(number: int) -> str:
    """A number that people can read: thin spaces between thousands."""
    return f"{number:,}".replace(",", "\u202f")


def plural(number: int, one: str, many: str = "") -> str:
    """`1 crash`, `2 crashes`."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def duration(ms: int | None) -> str:
    """A span of time in its two largest units: `2 h 3 min`."""
    if ms is None:
        return NOTHING
    if ms < 10_000:
        return f"{ms / 1000:.1f} s"
    left, parts = ms // 1000, list[str]()
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if left >= length and len(parts) < 2:
            parts.append(f"{left // length} {unit}")
            left %= length
    return " ".join(parts)


def browser(agent: str) -> str:
    """What a browser calls itself, in words: `Firefox on Linux`; the start of it where that is not known."""
    name = next((words for mark, words in _BROWSERS if mark in agent), "")
    system = next((words for mark, words in _SYSTEMS if mark in agent), "")
    if name:
        return f"{name} on {system}" if system else name
    return short(agent, 60) or "unknown browser"


def short(text: str, length: int = 12) -> str:
    """The start of a long id."""
    return text if len(text) <= length else text[:length]


def device_path(name: str) -> str:
    """The page of a device, whatever its name: browsers resolve a path of dots themselves, hence the other way."""
    return f"/devices/{quote(name, safe='')}" if name.strip(".") else f"/devices?name={quote(name, safe='')}"


def _date(ms: int) -> datetime:
    return datetime.fromtimestamp(min(max(ms, 0), _LATEST_MS) / 1000, UTC)
