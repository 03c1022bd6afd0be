"""Where the broker is and how to get in."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from contract.errors import InputError

PLAIN_PORT, TLS_PORT = 1883, 8883


class BadBrokerUrl(InputError):
    """A broker URL that cannot be used."""

    code = "broker-url"


@dataclass(frozen=True, slots=True)
class Tls:
    """How the connection is secured; without a CA file the system's certificates are trusted."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Raises `OSError` (also for malformed certificates) when a file cannot be used."""
        context = ssl.create_default_context(cafile=self.ca)
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key)
        return context


@dataclass(frozen=True, slots=True)
class Broker:
    """An MQTT broker. `version` is 5 for MQTT 5.0 and 4 for MQTT 3.1.1, as on the wire."""

    host: str = "localhost"
    port: int = PLAIN_PORT
    username: str | None = None
    password: str | None = None
    tls: Tls | None = None
    version: Literal[4, 5] = 5
    keep_alive: int = 30
    """Seconds."""

    @property
    def name(self) -> str:
        """`host:port`, for messages; never the password."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_broker_url(url: str, tls: Tls | None = None, version: Literal[4, 5] = 5) -> Broker:
    """Read `mqtt://user:password@host:port` or `mqtts://…`; `tls` applies to the latter. Raises `BadBrokerUrl`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadBrokerUrl(f"broker URL: {error}; write it as mqtt://user:password@host:port") from error
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise BadBrokerUrl("broker URL must look like mqtt://user:password@host:port, or mqtts:// for TLS")
    secure = parts.scheme == "mqtts"
    if tls and not secure:
        raise BadBrokerUrl("TLS options need a broker URL that begins with mqtts://")
    return Broker(
        host=parts.hostname,
        port=port or (TLS_PORT if secure else PLAIN_PORT),
        username=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        tls=(tls or Tls()) if secure else None,
        version=version,
    )
