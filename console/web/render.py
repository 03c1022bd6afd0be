"""Templates into answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from console.web import formats
from console.web.assets import static

_FOLDER: Final = Path(__file__).parent / "templates"

NAVIGATION: Final = (
    ("Events", "/events"),
    ("Groups", "/groups"),
    ("Devices", "/devices"),
    ("Firmware", "/firmware"),
    ("Operations", "/operations"),
)

environment: Final = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
# Jinja types these as what it puts there itself.
_names: dict[str, Any] = cast("dict[str, Any]", environment.globals)
_filters: dict[str, Any] = cast("dict[str, Any]", environment.filters)
_names |= {"static": static, "navigation": NAVIGATION}
_filters |= {
    "when": formats.when,
    "absolute": formats.absolute,
    "relative": formats.relative,
    "size": formats.size,
    "address": formats.address,
    "count": formats.count,
    "plural": formats.plural,
    "duration": formats.duration,
    "short": formats.short,
    "browser": formats.browser,
    "device_path": formats.device_path,
}


def fragment(template: str, values: Mapping[str, Any]) -> str:
    """A template's text, for a part of a page."""
    return environment.get_template(template).render(values)


def render(
    request: Request,
    template: str,
    values: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A page; templates also see `request` and `person`, who is signed in, if anybody."""
    person = getattr(request.state, "person", None)
    text = fragment(template, {**values, "request": request, "person": person})
    return HTMLResponse(text, status, headers=dict(headers or {}))
