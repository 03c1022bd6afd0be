"""Who somebody is that a provider signed in: from claims to a name, a role, an account."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.tables import Account
from console.people.accounts import MAX_NAME, create_account
from console.people.audit import write_entry
from console.people.roles import Role
from console.settings import ConsoleSettings
from console.web.errors import Conflict, NotAllowed

NAMES: Final = ("preferred_username", "email", "name", "sub")
"""Claims that name somebody, the best one first."""
MAX_SUBJECT: Final = 255


class SignInRefused(NotAllowed):
    """Somebody who comes from the provider is not let in; the message says why."""

    code = "sign-in-refused"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a provider says of somebody."""

    subject: str
    """Issuer and subject: stays the same when the person is renamed."""
    name: str
    role: Role | None
    """None where the provider has no say in it."""


def identity_of(claims: Mapping[str, Any], settings: ConsoleSettings) -> Identity:
    """From claims that were checked; raises `SignInRefused` for a subject that is none."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or not subject.isprintable():
        raise SignInRefused("the provider gives no usable subject")
    names = (claims.get(each) for each in NAMES)
    name = next((each.strip() for each in names if isinstance(each, str) and _is_name(each)), "")
    if not name:
        raise SignInRefused(f"the provider gives no usable name: one of {', '.join(NAMES)} is expected")
    return Identity(f"{settings.oidc_issuer} {subject}", name, role_of(claims, settings))


def role_of(claims: Mapping[str, Any], settings: ConsoleSettings) -> Role | None:
    """The role by the claim that the settings name; None where they name no values."""
    if not settings.oidc_gives_roles:
        return None
    values = _values(claims, settings.oidc_role_claim)
    if settings.oidc_admins and settings.oidc_admins in values:
        return Role.ADMIN
    if settings.oidc_engineers and settings.oidc_engineers in values:
        return Role.ENGINEER
    return Role.VIEWER


async def account_of(session: AsyncSession, identity: Identity, now_ms: int) -> Account:
    """The account of an identity, made where there is none, with the role that the provider gives.

    The provider's word counts even about the last admin: `faultcast account` makes another one.

    Raises:
        SignInRefused: the account is disabled, or another one has its name.
    """
    found = await session.scalar(select(Account).where(Account.subject == identity.subject))
    if found is None:
        return await _first_sign_in(session, identity, now_ms)
    if found.disabled:
        raise SignInRefused("your account here is disabled: ask an admin")
    if identity.role is not None and identity.role.label != found.role:
        found.role = identity.role.label
        await write_entry(session, "", "account.role", found.name, detail=f"{found.role}, by the provider")
    return found


def require_own_role(settings: ConsoleSettings, account: Account) -> None:
    """Raises `Conflict` for the role of an account that the provider decides about at each sign-in."""
    if account.subject is not None and settings.oidc_gives_roles:
        raise Conflict("the provider gives this account its role, at each sign-in: change it there")


async def _first_sign_in(session: AsyncSession, identity: Identity, now_ms: int) -> Account:
    role = identity.role or Role.VIEWER
    try:
        made = await create_account(session, identity.name, role, now_ms, subject=identity.subject)
    except Conflict as error:
        raise SignInRefused(
            f"there is another account called {identity.name!r} here, and it is not yours for that: ask an admin to "
            "remove it, or to give you another name at the provider"
        ) from error
    await write_entry(session, "", "account.create", made.name, detail=f"{made.role}, first sign-in by the provider")
    return made


def _is_name(text: str) -> bool:
    return 0 < len(text.strip()) <= MAX_NAME and text.strip().isprintable()


def _values(claims: Mapping[str, Any], path: str) -> list[str]:
    """The strings of a claim; `realm_access.roles` is the claim of that name, or `roles` in `realm_access`."""
    value: object = claims.get(path)
    if value is None:
        value = claims
        for part in path.split("."):
            value = cast("Mapping[str, object]", value).get(part) if isinstance(value, Mapping) else None
    listed = cast("list[object]", value) if isinstance(value, list) else [value]
    return [each for each in listed if isinstance(each, str)]
