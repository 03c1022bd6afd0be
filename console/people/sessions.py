"""Sessions of browsers: a random cookie, of which the database knows only the digest."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from console.database.tables import Account, SignIn
from console.people.secret import digest_of, new_secret

HOUR_MS: Final = 3_600_000
TOUCH_MS: Final = 60_000
"""A use is written down once a minute and not with every request."""


MAX_ADDRESS: Final = 64
MAX_AGENT: Final = 300
MAX_LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is open, and whose it is."""

    digest: str
    csrf: str
    account: Account
    used_ms: int


def cookie_name(*, https: bool) -> str:
    """With the prefix browsers keep the cookie to this host and to TLS; they refuse the prefix without TLS."""
    return "__Host-faultcast" if https else "faultcast"


def set_cookie(response: Response, cookie: str, hours: int, *, https: bool) -> None:
    """Give the browser its session; scripts cannot read it, other sites cannot post with it."""
    response.set_cookie(
        cookie_name(https=https), cookie, max_age=hours * 3600, httponly=True, secure=https, samesite="lax", path="/"
    )


def forget_cookie(response: Response, *, https: bool) -> None:
    """Take it away again."""
    response.delete_cookie(cookie_name(https=https), httponly=True, secure=https, samesite="lax", path="/")


async def open_session(
    session: AsyncSession, account: Account, now_ms: int, *, address: str = "", agent: str = ""
) -> str:
    """Begin a session; returns the cookie, which nobody will see again.

    `address` and `agent`, what the browser calls itself, are for the list of sessions.
    """
    cookie = new_secret()
    account.last_ms = now_ms
    session.add(
        SignIn(
            digest=digest_of(cookie),
            account_id=account.id,
            csrf=secrets.token_urlsafe(32),
            created_ms=now_ms,
            used_ms=now_ms,
            address=address[:MAX_ADDRESS],
            agent=_line(agent)[:MAX_AGENT],
        )
    )
    return cookie


async def find_session(session: AsyncSession, cookie: str, now_ms: int, hours: int) -> Session | None:
    """The session of a cookie; None when it is unknown, too long unused, or its account is disabled.

    One of somebody whom a provider signed in ends even when it is used, so that the provider is asked again.
    """
    earliest = now_ms - hours * HOUR_MS
    found = (
        await session.execute(
            select(SignIn, Account)
            .join(Account, Account.id == SignIn.account_id)
            .where(
                SignIn.digest == digest_of(cookie),
                SignIn.used_ms > earliest,
                or_(Account.subject.is_(None), SignIn.created_ms > earliest),
                Account.disabled.is_(False),
            )
        )
    ).one_or_none()
    if found is None:
        return None
    sign_in, account = found
    return Session(sign_in.digest, sign_in.csrf, account, sign_in.used_ms)


async def sessions_of(session: AsyncSession, account_id: int, now_ms: int, hours: int) -> Sequence[SignIn]:
    """The open sessions of an account, the one that was used last first."""
    found = await session.scalars(
        select(SignIn)
        .where(SignIn.account_id == account_id, SignIn.used_ms > now_ms - hours * HOUR_MS)
        .order_by(SignIn.used_ms.desc(), SignIn.digest)
        .limit(MAX_LISTED)
    )
    return found.all()


async def touch_session(session: AsyncSession, digest: str, now_ms: int) -> None:
    """Note that a session is in use, which lets it live on."""
    await session.execute(update(SignIn).where(SignIn.digest == digest).values(used_ms=now_ms))


async def close_session(session: AsyncSession, digest: str) -> None:
    """Sign out."""
    await session.execute(delete(SignIn).where(SignIn.digest == digest))


async def close_sessions(session: AsyncSession, account_id: int, *, but: str = "") -> None:
    """Sign an account out everywhere, `but` for the session with that digest."""
    await session.execute(delete(SignIn).where(SignIn.account_id == account_id, SignIn.digest != but))


async def remove_expired_sessions(session: AsyncSession, now_ms: int, hours: int) -> None:
    """Remove what nobody used for so long that it no longer counts."""
    await session.execute(delete(SignIn).where(SignIn.used_ms <= now_ms - hours * HOUR_MS))


def _line(text: str) -> str:
    """What a browser says of itself, without what cannot be seen; PostgreSQL takes no zero bytes."""
    return "".join(letter for letter in text if letter.isprintable())
