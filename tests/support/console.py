"""What tests of the console share."""

from typing import Final, Protocol

from fastapi import FastAPI

from console.app import create_app, equip
from console.people.roles import Role
from console.web.services import Services

PASSWORD = "four words do well"  # noqa: S105 - of nobody real
"""Of every account that tests make."""


class SignIn(Protocol):
    """What the fixture `sign_in` gives."""

    async def __call__(self, role: Role = Role.VIEWER, name: str = "") -> str:
        """Make an account, sign the client in with it; returns its name."""
        ...


_built: Final[dict[bool, FastAPI]] = {}


def app_over(services: Services) -> FastAPI:
    """The application over services, one at a time: it is built once, for it takes half a second to know its routes."""
    https = services.settings.is_https
    app = _built[https] = _built.get(https) or create_app(services)
    app.dependency_overrides.clear()
    equip(app, services)
    return app
