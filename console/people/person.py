"""Who acts: the value that handlers, templates and the audit log get."""

from dataclasses import dataclass

from console.people.roles import Right, Role, Scope, may


@dataclass(frozen=True, slots=True)
class Person:
    """An account that signed in, or a token that stands for one."""

    account_id: int
    name: str
    role: Role
    scopes: frozenset[Scope] | None = None
    """Of the token; None where somebody signed in."""
    token: str = ""
    """Name of the token, if one was used."""
    csrf: str = ""
    """What forms must send back as `csrf` and scripts as `X-CSRF-Token`; empty with a token, which needs none."""
    session: str = ""
    """Digest of the session; empty with a token."""
    must_change: bool = False
    """Whether the password is for one use: nothing but setting another one is open."""
    address: str = ""
    """Where the request came from."""

    @property
    def actor(self) -> str:
        """As the audit log names them."""
        return f"{self.name} ({self.token})" if self.token else self.name

    def may(self, right: Right) -> bool:
        """Whether they have a right."""
        return may(right, self.role, self.scopes)

    @property
    def is_engineer(self) -> bool:
        """For templates: whether to show what changes something."""
        return self.may(Right.ENGINEER)

    @property
    def is_admin(self) -> bool:
        """For templates: whether to show people and the audit log."""
        return self.may(Right.ADMIN)
