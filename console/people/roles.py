"""Who may do what: three roles, three scopes of tokens, and nothing that asks anybody."""

from collections.abc import Set as AbstractSet
from enum import IntEnum, StrEnum
from typing import Final


class Role(IntEnum):
    """What somebody may do; each role may do what the ones before may do."""

    VIEWER = 1
    """Sees everything but people and secrets; keeps filters of their own."""
    ENGINEER = 2
    """Changes groups and firmware, decides about dead letters; downloads dumps."""
    ADMIN = 3
    """Changes people and alerts, reads the audit log."""

    @property
    def label(self) -> str:
        """As it is written in the database, in the API and on pages."""
        return self.name.lower()

    @classmethod
    def of(cls, label: str) -> "Role":
        """The role of a label; raises `ValueError`."""
        for role in cls:
            if role.label == label:
                return role
        raise ValueError(f"expected one of {', '.join(role.label for role in cls)}")


class Scope(StrEnum):
    """What a token may be used for."""

    READ = "read"
    UPLOAD = "upload"
    ADMIN = "admin"


class Right(StrEnum):
    """What a handler asks for."""

    VIEW = "view"
    ACCOUNT = "account"
    """To change one's own account, such as its tokens."""
    UPLOAD = "upload"
    OUTCOME = "outcome"
    """To see what became of an upload, and no more."""
    ENGINEER = "engineer"
    ADMIN = "admin"


LEAST_ROLE: Final = {
    Right.VIEW: Role.VIEWER,
    Right.ACCOUNT: Role.VIEWER,
    Right.UPLOAD: Role.ENGINEER,
    Right.OUTCOME: Role.VIEWER,
    Right.ENGINEER: Role.ENGINEER,
    Right.ADMIN: Role.ADMIN,
}
"""The least role that a right belongs to."""

SCOPES: Final = {
    Right.VIEW: {Scope.READ, Scope.ADMIN},
    Right.ACCOUNT: {Scope.ADMIN},
    Right.UPLOAD: {Scope.UPLOAD, Scope.ADMIN},
    Right.OUTCOME: {Scope.READ, Scope.UPLOAD, Scope.ADMIN},
    Right.ENGINEER: {Scope.ADMIN},
    Right.ADMIN: {Scope.ADMIN},
}
"""The scopes of which a token must have one, on top of the role of the account that it belongs to."""


def may(right: Right, role: Role, scopes: AbstractSet[Scope] | None) -> bool:
    """Whether an account has a right; `scopes` are those of the token that stands for it, None without a token."""
    return role >= LEAST_ROLE[right] and (scopes is None or bool(scopes & SCOPES[right]))
