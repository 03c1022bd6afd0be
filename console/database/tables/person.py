"""People: accounts, sessions, tokens, and what was done by whom."""

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from console.database.base import Base


class Account(Base):
    """A person who may sign in; times in Unix milliseconds."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    """`viewer`, `engineer` or `admin`."""
    password: Mapped[str | None] = mapped_column(Text)
    """Argon2 hash; none for who signs in elsewhere."""
    must_change: Mapped[bool] = mapped_column(default=False)
    """Whether the password is for one use, to set another one."""
    subject: Mapped[str | None] = mapped_column(Text, unique=True)
    """Issuer and subject at an OpenID Connect provider."""
    disabled: Mapped[bool] = mapped_column(default=False)
    created_ms: Mapped[int]
    last_ms: Mapped[int | None]
    """Last sign-in."""


class SignIn(Base):
    """A session of a browser."""

    __tablename__ = "sign_in"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the cookie: who reads the database cannot sign in with it."""
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_ms: Mapped[int]
    used_ms: Mapped[int]
    address: Mapped[str] = mapped_column(String(64), default="")
    """Of the client, when it signed in."""
    agent: Mapped[str] = mapped_column(String(300), default="")
    """What the browser calls itself."""


class Token(Base):
    """A key for scripts."""

    __tablename__ = "token"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the token."""
    hint: Mapped[str] = mapped_column(String(16))
    """Its first characters, to recognise it by."""
    name: Mapped[str] = mapped_column(Text)
    scopes: Mapped[str] = mapped_column(Text)
    """Of `upload`, `read` and `admin`, separated by spaces."""
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_ms: Mapped[int]
    used_ms: Mapped[int | None]
    expires_ms: Mapped[int | None]


class AuditEntry(Base):
    """Something that somebody did."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    at_ms: Mapped[int] = mapped_column(index=True)
    account: Mapped[str] = mapped_column(Text)
    """Name of the account or token; empty for what happened by itself."""
    action: Mapped[str] = mapped_column(String(64))
    """Stable slug such as `firmware.delete`."""
    subject: Mapped[str] = mapped_column(Text, default="")
    detail: Mapped[str] = mapped_column(Text, default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    """Of the client."""


class SavedFilter(Base):
    """A question about events that somebody gave a name."""

    __tablename__ = "saved_filter"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)
    """The query string of the Events page."""
    shared: Mapped[bool] = mapped_column(default=False)
    """Whether everybody sees it."""
    created_ms: Mapped[int]
