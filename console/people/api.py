"""People in the API: who am I, tokens, accounts, the audit log."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from console.database.tables import Account, AuditEntry, Token
from console.people import accounts, tokens
from console.people.access import AccountOwner, Admin, SignedIn
from console.people.audit import PAGE, audit, entries
from console.people.clock import now_ms
from console.people.roles import Role, Scope
from console.web.errors import NotFound
from console.web.parameters import MAX_ID, Id, Line
from console.web.services import FromServices, Reading

api = APIRouter(tags=["people"])

RoleName = Literal["viewer", "engineer", "admin"]


def _time(unix_ms: int | None) -> datetime | None:
    return None if unix_ms is None else datetime.fromtimestamp(unix_ms / 1000, UTC)


class Me(BaseModel):
    """Who asks."""

    name: str
    role: str
    scopes: list[Scope] | None = Field(description="Of the token; null in a session.")
    csrf: str = Field(description="What unsafe requests of this session send as X-CSRF-Token; empty with a token.")
    must_change: bool = Field(description="Whether a password must be set first, at /password.")


class TokenInfo(BaseModel):
    """A token, without what makes it one."""

    id: int
    name: str
    hint: str = Field(description="The first characters of the token.")
    scopes: list[Scope]
    created: datetime
    used: datetime | None
    expires: datetime | None

    @classmethod
    def of(cls, token: Token) -> Self:
        """From its row."""
        return cls(
            id=token.id,
            name=token.name,
            hint=token.hint,
            scopes=sorted(tokens.scopes_of(token)),
            created=datetime.fromtimestamp(token.created_ms / 1000, UTC),
            used=_time(token.used_ms),
            expires=_time(token.expires_ms),
        )


class NewToken(BaseModel):
    """A token to make."""

    name: Annotated[Line, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=3)]
    days: Annotated[int, Field(ge=1, le=3650)] | None = Field(90, description="Until it ends; null for never.")


class MadeToken(TokenInfo):
    """A token that was just made."""

    token: str = Field(description="The token itself; it is not shown again.")


class AccountInfo(BaseModel):
    """An account."""

    id: int
    name: str
    role: str
    disabled: bool
    must_change: bool
    external: bool = Field(description="Whether the person signs in at the OpenID Connect provider.")
    created: datetime
    last_sign_in: datetime | None

    @classmethod
    def of(cls, account: Account) -> Self:
        """From its row."""
        return cls(
            id=account.id,
            name=account.name,
            role=account.role,
            disabled=account.disabled,
            must_change=account.must_change,
            external=account.subject is not None,
            created=datetime.fromtimestamp(account.created_ms / 1000, UTC),
            last_sign_in=_time(account.last_ms),
        )


class NewAccount(BaseModel):
    """An account to make."""

    name: Annotated[Line, Field(min_length=1, max_length=accounts.MAX_NAME)]
    role: RoleName = "viewer"


class MadeAccount(AccountInfo):
    """An account that was just made, or that got another password."""

    password: str = Field(description="For one sign-in, at which another one is set; it is not shown again.")


class AccountChange(BaseModel):
    """What to change of an account; what is left out stays."""

    role: RoleName | None = None
    disabled: bool | None = None


class Entry(BaseModel):
    """Something that somebody did."""

    id: int
    time: datetime
    account: str
    action: str
    subject: str
    detail: str
    address: str

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        """From its row."""
        return cls(
            id=entry.id,
            time=datetime.fromtimestamp(entry.at_ms / 1000, UTC),
            account=entry.account,
            action=entry.action,
            subject=entry.subject,
            detail=entry.detail,
            address=entry.address,
        )


class Entries(BaseModel):
    """A page of the audit log, newest first."""

    items: list[Entry]
    next: int | None = Field(description="`before` of the next page; null on the last one.")


class AuditQuery(BaseModel):
    """Which entries of the audit log."""

    before: Annotated[int, Field(ge=1, le=MAX_ID)] | None = None
    account: Line = ""
    action: Line = ""
    limit: Annotated[int, Field(ge=1, le=500)] = PAGE


@api.get("/me")
async def me(person: SignedIn) -> Me:
    """Who asks, and what they may do."""
    return Me(
        name=person.name,
        role=person.role.label,
        scopes=None if person.scopes is None else sorted(person.scopes),
        csrf=person.csrf,
        must_change=person.must_change,
    )


@api.get("/tokens")
async def list_tokens(session: Reading, person: AccountOwner) -> list[TokenInfo]:
    """Your tokens, newest first."""
    return [TokenInfo.of(token) for token in await tokens.tokens_of(session, person.account_id)]


@api.post("/tokens", status_code=201)
async def create_token(services: FromServices, person: AccountOwner, wanted: NewToken) -> MadeToken:
    """Make a token, which stands for you within its scopes; it is shown this once."""
    async with services.database.writing() as session:
        token, secret = await tokens.create_token(
            session, person.account_id, wanted.name, wanted.scopes, days=wanted.days, now_ms=now_ms()
        )
        await audit(session, person, "token.create", token.name, detail=token.scopes)
        return MadeToken(**TokenInfo.of(token).model_dump(), token=secret)


@api.delete("/tokens/{token_id}", status_code=204)
async def revoke_token(services: FromServices, person: AccountOwner, token_id: Id) -> None:
    """Revoke a token of yours; it stops working at once."""
    async with services.database.writing() as session:
        token = await tokens.revoke_token(session, person.account_id, token_id)
        if token is None:
            raise NotFound("you have no such token")
        await audit(session, person, "token.revoke", token.name)


@api.get("/accounts")
async def list_accounts(session: Reading, _: Admin) -> list[AccountInfo]:
    """Everybody who may sign in."""
    return [AccountInfo.of(account) for account in await accounts.all_accounts(session)]


@api.post("/accounts", status_code=201)
async def create_account(services: FromServices, person: Admin, wanted: NewAccount) -> MadeAccount:
    """Make an account with a password for one sign-in."""
    async with services.database.writing() as session:
        made, password = await accounts.create_account(session, wanted.name, Role.of(wanted.role), now_ms())
        await audit(session, person, "account.create", made.name, detail=made.role)
        return MadeAccount(**AccountInfo.of(made).model_dump(), password=password)


@api.patch("/accounts/{account_id}")
async def change_account(services: FromServices, person: Admin, account_id: Id, wanted: AccountChange) -> AccountInfo:
    """Change the role of an account, or lock it out; the last admin stays one."""
    async with services.database.writing() as session:
        account = await accounts.account(session, account_id)
        if wanted.role is not None:
            await accounts.set_role(session, account, Role.of(wanted.role))
            await audit(session, person, "account.role", account.name, detail=wanted.role)
        if wanted.disabled is not None:
            await accounts.set_disabled(session, account, disabled=wanted.disabled)
            await audit(session, person, "account.disable" if wanted.disabled else "account.enable", account.name)
        return AccountInfo.of(account)


@api.post("/accounts/{account_id}/password")
async def reset_password(services: FromServices, person: Admin, account_id: Id) -> MadeAccount:
    """Replace a password that was lost by one for one sign-in; all sessions of the account end."""
    async with services.database.writing() as session:
        account = await accounts.account(session, account_id)
        password = await accounts.reset_password(session, account)
        await audit(session, person, "account.password", account.name)
        return MadeAccount(**AccountInfo.of(account).model_dump(), password=password)


@api.get("/audit")
async def list_audit(session: Reading, _: Admin, query: Annotated[AuditQuery, Query()]) -> Entries:
    """What was done, by whom, newest first."""
    found = await entries(session, before=query.before, account=query.account, action=query.action, limit=query.limit)
    full = len(found) == query.limit
    return Entries(items=[Entry.of(entry) for entry in found], next=found[-1].id if full else None)
