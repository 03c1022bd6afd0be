"""Static files under names that change with their content, so that browsers may keep them for ever."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER: Final = Path(__file__).parent / "static"
_FOREVER: Final = "public, max-age=31536000, immutable"
_NOW: Final = "public, max-age=60"


@cache
def digest(path: str) -> str:
    """The start of the SHA-256 of a static file; raises `OSError`."""
    return sha256((FOLDER / path).read_bytes()).hexdigest()[:12]


def static(path: str) -> str:
    """The URL of a static file, such as `css/base.css`."""
    return f"/static/{path}?v={digest(path)}"


class Assets(StaticFiles):
    """Serves them: for ever where the address names the content."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, as Starlette answers it, with how long it may be kept."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = _FOREVER if b"v=" in scope["query_string"] else _NOW
        return response
