"""What tests of the console share."""

from typing import Protocol

from console.people.roles import Role

PASSWORD = "four words do well"  # noqa: S105 - of nobody real
"""Of every account that tests make."""


class SignIn(Protocol):
    """What the fixture `sign_in` gives."""

    async def __call__(self, role: Role = Role.VIEWER, name: str = "") -> str:
        """Make an account, sign the client in with it; returns its name."""
        ...
