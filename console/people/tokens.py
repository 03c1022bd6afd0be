"""API tokens: keys for scripts, shown once, with scopes, that stand for the account that made them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.tables import Account, Token
from console.people.roles import Scope
from console.people.secret import digest_of, new_secret
from console.web.errors import Conflict
from contract.errors import InputError

PREFIX: Final = "fc_"
"""So that scanners of repositories recognise a token that was committed."""
HINT_LENGTH: Final = 8
MAX_TOKENS: Final = 100
"""Of one account."""
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class FoundToken:
    """A token that is valid, and for whom it stands."""

    id: int
    name: str
    scopes: frozenset[Scope]
    account: Account
    used_ms: int | None


async def create_token(
    session: AsyncSession, account_id: int, name: str, scopes: Iterable[Scope], *, days: int | None, now_ms: int
) -> tuple[Token, str]:
    """Make a token that ends after `days`, or never; returns what it is, and the token itself, which is not kept.

    Raises:
        InputError: without a scope or a name.
        Conflict: the account has very many already.
    """
    wanted = sorted(set(scopes))
    if not wanted:
        raise InputError("a token needs at least one of the scopes read, upload and admin")
    if not name.strip():
        raise InputError("give the token a name by which you will know later what uses it")
    if len(await tokens_of(session, account_id)) >= MAX_TOKENS:
        raise Conflict(f"there are {MAX_TOKENS} tokens already: revoke some that nothing uses")
    secret = new_secret(PREFIX)
    token = Token(
        digest=digest_of(secret),
        hint=secret[:HINT_LENGTH],
        name=name.strip(),
        scopes=" ".join(wanted),
        account_id=account_id,
        created_ms=now_ms,
        used_ms=None,
        expires_ms=None if days is None else now_ms + days * DAY_MS,
    )
    session.add(token)
    await session.flush()
    return token, secret


async def tokens_of(session: AsyncSession, account_id: int) -> Sequence[Token]:
    """The tokens of an account, newest first."""
    found = await session.scalars(
        select(Token).where(Token.account_id == account_id).order_by(Token.id.desc()).limit(MAX_TOKENS)
    )
    return found.all()


async def find_token(session: AsyncSession, secret: str, now_ms: int) -> FoundToken | None:
    """The token; None when it is unknown, over, or its account is disabled."""
    found = (
        await session.execute(
            select(Token, Account)
            .join(Account, Account.id == Token.account_id)
            .where(
                Token.digest == digest_of(secret),
                or_(Token.expires_ms.is_(None), Token.expires_ms > now_ms),
                Account.disabled.is_(False),
            )
        )
    ).one_or_none()
    if found is None:
        return None
    token, account = found
    return FoundToken(token.id, token.name, scopes_of(token), account, token.used_ms)


async def touch_token(session: AsyncSession, token_id: int, now_ms: int) -> None:
    """Note that a token was used."""
    await session.execute(update(Token).where(Token.id == token_id).values(used_ms=now_ms))


async def revoke_token(session: AsyncSession, account_id: int, token_id: int) -> Token | None:
    """Remove a token of an account; None when it has no such one."""
    token = await session.get(Token, token_id)
    if token is None or token.account_id != account_id:
        return None
    await session.execute(delete(Token).where(Token.id == token_id))
    return token


def scopes_of(token: Token) -> frozenset[Scope]:
    """Its scopes as values."""
    return frozenset(Scope(each) for each in token.scopes.split())
