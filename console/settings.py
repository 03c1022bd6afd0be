"""What the console is configured with, on top of what every worker has."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, field_validator, model_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from runtime.settings import Settings, read_settings

MIB = 1 << 20
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
"""Databases that can be used, by the scheme of their URL, and SQLAlchemy's name of the driver."""


class ConsoleSettings(Settings):
    """Settings of the console process; all of them `FAULTCAST_…` like the others."""

    database_url: str = Field(
        "", description="console: sqlite:///file or postgresql://user:password@host/name; console.db beside the store"
    )
    console_host: str = Field("127.0.0.1", description="console: where pages and API listen")
    console_port: Annotated[int, Field(ge=1, le=65535)] = Field(8080, description="console: port of pages and API")
    console_url: str = Field(
        "", description="console: the address people type, such as https://crashes.example.com; decides about cookies"
    )
    session_hours: Annotated[int, Field(ge=1)] = Field(
        7 * 24, description="console: a session ends after this long without a request"
    )
    max_firmware_size: Annotated[int, Field(ge=MIB)] = Field(
        512 * MIB, description="console: largest ELF file that is taken, in bytes"
    )
    keep_dumps_days: Annotated[int, Field(ge=0)] = Field(
        90, description="console: raw dumps are removed after so many days; 0 keeps them"
    )
    keep_reports_days: Annotated[int, Field(ge=0)] = Field(
        365, description="console: full reports are removed after so many days; 0 keeps them"
    )
    keep_events_days: Annotated[int, Field(ge=0)] = Field(
        0, description="console: crash events are removed after so many days; 0 keeps them"
    )
    trusted_proxies: str = Field(
        "127.0.0.1",
        description="console: addresses or networks of proxies, with commas, whose X-Forwarded-For and -Proto count",
    )
    oidc_issuer: str = Field("", description="console: OpenID Connect issuer; empty for local accounts only")
    oidc_client_id: str = Field("", description="console: client id at that issuer")
    oidc_client_secret: str = Field("", description="console: client secret at that issuer; empty for a public client")
    oidc_scopes: str = Field("openid profile email", description="console: scopes to ask for, with blanks")
    oidc_role_claim: str = Field("groups", description="console: claim whose values give a role")
    oidc_admins: str = Field("", description="console: value of that claim that makes an admin")
    oidc_engineers: str = Field("", description="console: value of that claim that makes an engineer; others only view")

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: str) -> str:
        try:
            known = not value or make_url(value).drivername in DRIVERS
        except ArgumentError:
            known = False
        if not known:
            raise ValueError("expected sqlite:///path/to/file or postgresql://user:password@host[:port]/name")
        return value

    @field_validator("console_url")
    @classmethod
    def _check_console_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("expected http://host[:port] or https://host[:port]")
        return value.rstrip("/")

    @field_validator("trusted_proxies")
    @classmethod
    def _check_trusted_proxies(cls, value: str) -> str:
        for each in value.split(","):
            if each.strip():
                ip_network(each.strip())
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _check_issuer(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and not (parts.scheme == "https" and parts.hostname) and not _is_loopback(parts):
            raise ValueError("expected https://host[/path]; http:// only on this machine")
        return value

    @model_validator(mode="after")
    def _check_oidc(self) -> Self:
        if self.oidc_issuer and not (self.oidc_client_id and self.console_url):
            raise ValueError("FAULTCAST_OIDC_ISSUER needs FAULTCAST_OIDC_CLIENT_ID and FAULTCAST_CONSOLE_URL")
        if self.oidc_issuer and "openid" not in self.oidc_scopes.split():
            raise ValueError("FAULTCAST_OIDC_SCOPES must have openid among them")
        return self

    @property
    def oidc_gives_roles(self) -> bool:
        """Whether the issuer says who is what; else accounts of it begin as viewers, and admins here decide."""
        return bool(self.oidc_admins or self.oidc_engineers)

    @property
    def database(self) -> str:
        """The database's URL as SQLAlchemy wants it; the file beside the store where none was given."""
        url = make_url(self.database_url or f"sqlite:///{self.database_file}")
        return url.set(drivername=DRIVERS[url.drivername]).render_as_string(hide_password=False)

    @property
    def database_file(self) -> Path:
        """Where the SQLite database lies unless a URL says otherwise."""
        return self.store.parent / "console.db"

    @property
    def address(self) -> str:
        """Where people reach the console, as far as is known, without a slash at the end."""
        host = f"[{self.console_host}]" if ":" in self.console_host else self.console_host
        return self.console_url or f"http://{host}:{self.console_port}"

    @property
    def is_https(self) -> bool:
        """Whether people reach the console over TLS, which a proxy in front of it ends."""
        return self.console_url.startswith("https://")


def _is_loopback(parts: SplitResult) -> bool:
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")


def load_console_settings(**overrides: object) -> ConsoleSettings:
    """The console's settings from the environment, as `runtime.settings.load_settings`. Raises `BadSettings`."""
    return read_settings(ConsoleSettings, **overrides)
