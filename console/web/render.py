"""Templates into answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

_FOLDER: Final = Path(__file__).parent / "templates"

environment: Final = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(
    request: Request,
    template: str,
    values: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A page; templates also see `request` and `person`, who is signed in, if anybody."""
    person = getattr(request.state, "person", None)
    text = environment.get_template(template).render({**values, "request": request, "person": person})
    return HTMLResponse(text, status, headers=dict(headers or {}))
