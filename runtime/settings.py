"""Every setting, its default and its meaning: environment variables `FAULTCAST_…`, or a `.env` file.

`faultcast config` prints this list; there is no other place where a worker takes a setting from.
"""

import socket
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from contract.chunk import MAX_CHUNK_SIZE, MAX_DUMP_SIZE
from contract.errors import InputError
from contract.topics import Topics

MIB = 1 << 20
_NAME = r"^[A-Za-z0-9._:@-]{1,100}$"
"""No braces, which are the hash tags of keys, and nothing that a log or a client id would have to escape."""


ENV_FILES = ("data/up.env", ".env")
"""Read from the working folder, later ones first: `faultcast up` leaves the first one there while it runs, so that
commands typed beside it find its ports and its store. The environment itself wins over both."""


class BadSettings(InputError):
    """A setting has a value that cannot be used."""

    code = "settings"


class Settings(BaseSettings):
    """Settings of one process."""

    model_config = SettingsConfigDict(
        env_prefix="FAULTCAST_",
        env_file=ENV_FILES,
        extra="ignore",
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,  # URLs hold passwords
    )

    broker_url: str = Field(
        "mqtt://127.0.0.1:1883",
        description="MQTT broker: mqtt://[user:password@]host[:port], or mqtts:// for TLS",
    )
    redis_url: str = Field("redis://127.0.0.1:6379/0", description="Redis or Valkey: redis://, rediss:// or unix://")
    store: Path = Field(Path("data/store"), description="Folder of dumps, firmware indexes and reports")
    topic_root: str = Field("faultcast", description="First level(s) of every MQTT topic")
    key_prefix: Annotated[str, Field(pattern=_NAME)] = Field("faultcast", description="Prefix of every Redis key")
    partitions: Annotated[int, Field(ge=1, le=1024)] = Field(
        8, description="Number of partitions; the same for all workers, and fixed once data is in Redis"
    )
    worker: Annotated[str, Field(pattern=_NAME)] = Field(
        default_factory=socket.gethostname,
        description="Name of this worker: stable over restarts, unique among workers of its kind",
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged")
    log_format: Literal["json", "console"] = Field("json", description="One JSON object a line, or colours for people")
    http_host: str = Field("127.0.0.1", description="Where /health and /metrics listen")
    http_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        0, description="Port of /health and /metrics; 0 turns them off"
    )

    receive_maximum: Annotated[int, Field(ge=1, le=65535)] = Field(
        2048, description="ingest: messages in flight from the broker, the only buffer there is"
    )
    session_expiry_seconds: Annotated[int, Field(ge=60)] = Field(
        86_400, description="ingest: how long the broker keeps our session and its messages while we are away"
    )
    max_lag: Annotated[int, Field(ge=1)] = Field(
        10_000, description="ingest: entries in one chunk stream past which it stops reading and the broker holds back"
    )
    max_redis_memory_percent: Annotated[int, Field(ge=10, le=95)] = Field(
        60, description="ingest: share of Redis' maxmemory past which it stops reading, so that workers can catch up"
    )

    max_dump_size: Annotated[int, Field(ge=64, le=MAX_DUMP_SIZE)] = Field(
        16 * MIB, description="reassembler: largest dump that is taken, in bytes"
    )
    min_chunk_size: Annotated[int, Field(ge=1, le=MAX_CHUNK_SIZE)] = Field(
        64, description="reassembler: smallest chunk size that is taken, in bytes (a dump of one chunk may be smaller)"
    )
    max_chunk_size: Annotated[int, Field(ge=64, le=MAX_CHUNK_SIZE)] = Field(
        256 * 1024, description="reassembler: largest chunk size that is taken, in bytes"
    )
    max_open_dumps: Annotated[int, Field(ge=1)] = Field(
        8, description="reassembler: uploads of one device that may be open at a time"
    )
    max_open_memory_percent: Annotated[int, Field(ge=1, le=90)] = Field(
        25,
        description="reassembler: share of Redis' maxmemory that open uploads may need; later ones wait",
    )
    window: Annotated[int, Field(ge=2, le=2048)] = Field(
        16, description="reassembler: chunks a device keeps in flight; it is acknowledged every half of that"
    )
    upload_idle_seconds: Annotated[float, Field(gt=0)] = Field(
        600, description="reassembler: an upload without news for this long is salvaged as a partial dump"
    )
    done_seconds: Annotated[int, Field(ge=60)] = Field(
        7 * 86_400, description="reassembler: how long a finished dump is remembered, to answer a repetition at once"
    )

    analysis_seconds: Annotated[float, Field(gt=0)] = Field(
        30, description="analyzer: time limit of one analysis; past it the child is killed"
    )
    analysis_memory: Annotated[int, Field(ge=64 * MIB)] = Field(
        1024 * MIB, description="analyzer: address space limit of the analysing child, in bytes"
    )
    plumbing: str = Field(
        "", description="analyzer: TOML file of functions that never are a crash's cause, on top of the list built in"
    )
    claim_idle_seconds: Annotated[float, Field(gt=0)] = Field(
        15, description="Work of a silent worker is taken over after this long (analyzer: two time limits more)"
    )
    max_deliveries: Annotated[int, Field(ge=1)] = Field(
        5, description="Tries after which a piece of work goes to the dead letters"
    )

    @field_validator("broker_url")
    @classmethod
    def _check_broker_url(cls, value: str) -> str:
        Broker.parse(value)
        return value

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, value: str) -> str:
        parts = _split(value)
        places = {"redis": parts.hostname, "rediss": parts.hostname, "unix": parts.path} if parts else {}
        if parts is None or not places.get(parts.scheme):
            raise ValueError("expected redis://[user:password@]host[:port][/database], rediss:// or unix:///path")
        return value

    @field_validator("topic_root")
    @classmethod
    def _check_topic_root(cls, value: str) -> str:
        return Topics(value).root

    @model_validator(mode="after")
    def _check_chunk_sizes(self) -> "Settings":
        if self.min_chunk_size > self.max_chunk_size:
            raise ValueError("FAULTCAST_MIN_CHUNK_SIZE is larger than FAULTCAST_MAX_CHUNK_SIZE")
        return self

    @property
    def topics(self) -> Topics:
        """The MQTT topics of this installation."""
        return Topics(self.topic_root)


S = TypeVar("S", bound=Settings)


class Broker:
    """The parts of a broker URL."""

    def __init__(self, host: str, port: int, *, tls: bool, username: str | None, password: str | None) -> None:
        """`port` is the URL's or the scheme's usual one."""
        self.host, self.port, self.tls = host, port, tls
        self.username, self.password = username, password

    @classmethod
    def parse(cls, url: str) -> "Broker":
        """Take `mqtt[s]://[user:password@]host[:port]` apart; raises `ValueError` that says what is expected."""
        parts = _split(url)
        if parts is None or parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError("expected mqtt://[user:password@]host[:port], or mqtts:// for TLS")
        tls = parts.scheme == "mqtts"
        return cls(
            parts.hostname,
            parts.port or (8883 if tls else 1883),
            tls=tls,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )

    def __str__(self) -> str:
        """Host and port, without secrets."""
        return f"{self.host}:{self.port}"


def _split(url: str) -> SplitResult | None:
    """The parts of a URL; None when it is none, or its port is no port."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment, with what a command line gave; `None` gives nothing. Raises `BadSettings`."""
    return read_settings(Settings, **overrides)


def read_settings(kind: type[S], **overrides: object) -> S:
    """Settings of a kind of process, likewise.

    Raises:
        BadSettings: naming every variable that is wrong.
    """
    try:
        return kind(**{name: value for name, value in overrides.items() if value is not None})  # pyright: ignore[reportArgumentType]
    except ValidationError as error:
        lines = [
            f"FAULTCAST_{'.'.join(map(str, item['loc'])).upper()}: {item['msg']}" if item["loc"] else item["msg"]
            for item in error.errors()
        ]
        raise BadSettings("; ".join(lines) + " (`faultcast config` lists every setting)") from error
