"""What the API says of people: themselves, tokens, sessions, accounts, the audit log."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field

from console.database.tables import Account, AuditEntry, SignIn, Token
from console.people import accounts, tokens
from console.people.audit import PAGE, Asked
from console.people.clock import now_ms
from console.people.roles import Scope
from console.web.moment import Moment, maybe_time_of, time_of
from console.web.parameters import MAX_ID, Line

RoleName = Literal["viewer", "engineer", "admin"]


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
            created=time_of(token.created_ms),
            used=maybe_time_of(token.used_ms),
            expires=maybe_time_of(token.expires_ms),
        )


class NewToken(BaseModel):
    """A token to make."""

    name: Annotated[Line, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=3)]
    days: Annotated[int, Field(ge=1, le=3650)] | None = Field(90, description="Until it ends; null for never.")


class MadeToken(TokenInfo):
    """A token that was just made."""

    token: str = Field(description="The token itself; it is not shown again.")


class SessionInfo(BaseModel):
    """A browser that is signed in."""

    current: bool = Field(description="Whether it is the one that asks.")
    created: datetime
    used: datetime
    address: str = Field(description="Where it signed in from.")
    agent: str = Field(description="What the browser calls itself.")

    @classmethod
    def of(cls, row: SignIn, current: str) -> Self:
        """From its row; `current` is the digest of the session that asks."""
        return cls(
            current=row.digest == current,
            created=time_of(row.created_ms),
            used=time_of(row.used_ms),
            address=row.address,
            agent=row.agent,
        )


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
            created=time_of(account.created_ms),
            last_sign_in=maybe_time_of(account.last_ms),
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
            time=time_of(entry.at_ms),
            account=entry.account,
            action=entry.action,
            subject=entry.subject,
            detail=entry.detail,
            address=entry.address,
        )


class Entries(BaseModel):
    """A page of the audit log, newest first."""

    items: list[Entry]
    next: int | None = Field(description="`cursor` of the next page; null on the last one.")


def _moment(text: str) -> str:
    return Moment.parse(text).text if text else text


When = Annotated[str, Field(max_length=40), AfterValidator(_moment)]


class AuditQuery(BaseModel):
    """Which entries of the audit log."""

    cursor: Annotated[int, Field(ge=1, le=MAX_ID)] | None = None
    account: Line = Field("", description="Name of an account; what its tokens did is part of it.")
    action: Line = ""
    since: When = Field("", description="RFC 3339, or relative to now such as `24h` or `7d`.")
    until: When = Field("", description="Likewise; exclusive.")
    limit: Annotated[int, Field(ge=1, le=500)] = PAGE

    @property
    def asked(self) -> Asked:
        """As the log is asked, now."""
        now = now_ms()
        return Asked(
            self.account,
            self.action,
            Moment.parse(self.since).at(now) if self.since else None,
            Moment.parse(self.until).at(now) if self.until else None,
        )
