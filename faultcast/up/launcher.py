"""The whole installation on one machine: services first, then workers."""

import asyncio
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

from faultcast.up.services import Program, broker_program, redis_program
from faultcast.up.supervisor import Say, StartFailed, Supervisor

STAGES = ("ingest", "reassembler", "analyzer")
CONSOLE_PORTS = 50
"""How many ports are tried for the console, from the one that was wished for."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start."""

    data: Path
    host: str = "127.0.0.1"
    """Where the broker listens; workers, Redis and health pages stay on this machine."""
    mqtt_port: int = 1883
    redis_port: int = 6390
    workers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STAGES, 1))
    log_format: str = "console"
    log_level: str = "info"
    http_port: int = 0
    """Health page of the first worker, the next ones behind it; 0 for none."""

    console_port: int = 0
    """Pages and API of the console, on this machine; 0 for no console."""

    @property
    def console_url(self) -> str:
        """Where people find the console."""
        return f"http://127.0.0.1:{self.console_port}"

    @property
    def broker_url(self) -> str:
        """Where workers and local devices connect."""
        return f"mqtt://127.0.0.1:{self.mqtt_port}"

    def environment(self) -> dict[str, str]:
        """Settings that every worker shares."""
        shared = {
            "FAULTCAST_BROKER_URL": self.broker_url,
            "FAULTCAST_REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "FAULTCAST_STORE": str(self.data / "store"),
            "FAULTCAST_LOG_FORMAT": self.log_format,
            "FAULTCAST_LOG_LEVEL": self.log_level,
        }
        if self.console_port:
            shared |= {"FAULTCAST_CONSOLE_PORT": str(self.console_port), "FAULTCAST_CONSOLE_URL": self.console_url}
        return shared


def service_programs(plan: Plan) -> list[Program]:
    """Broker and Redis."""
    return [
        redis_program(plan.data / "redis", plan.redis_port),
        broker_program(plan.data / "broker", plan.host, plan.mqtt_port),
    ]


def worker_programs(plan: Plan) -> list[Program]:
    """All workers, the last stage first: they are stopped the other way round, so nothing is handed to nobody."""
    wanted = {"console": 1 if plan.console_port else 0} | {each: plan.workers.get(each, 1) for each in reversed(STAGES)}
    programs: list[Program] = []
    port = plan.http_port
    for stage, count in wanted.items():
        for number in range(1, count + 1):
            name = f"{stage}-{number}"
            environment = plan.environment() | {"FAULTCAST_WORKER": name, "FAULTCAST_HTTP_PORT": str(port)}
            listens = plan.console_port if stage == "console" else 0
            programs.append(Program(name, [sys.executable, "-m", "faultcast", stage], environment, listens))
            port += 1 if port else 0
    return programs


def free_port(wanted: int) -> int:
    """The first port from `wanted` on that nothing listens at; 0 where that is wanted.

    Raises:
        StartFailed: all that are tried are taken.
    """
    for port in range(wanted, min(wanted + CONSOLE_PORTS, 65_536) if wanted else 0):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    if wanted:
        raise StartFailed(f"no free port for the console from {wanted} on: choose another one (--console-port)")
    return 0


async def launch(plan: Plan, say: Say) -> Supervisor:
    """Start everything of the plan; stop the returned supervisor to end it.

    Raises:
        ServiceError: a service is missing or does not come up; what was started is stopped again.
    """
    plan.data.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(say)
    try:
        services = service_programs(plan)
        for program in services:
            say(program.name, program.note)
        await supervisor.start(services)
        await supervisor.start(worker_programs(plan))
    except BaseException:
        await supervisor.stop()
        raise
    return supervisor


async def run(plan: Plan, say: Say) -> None:
    """Launch, and stay until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    supervisor = await launch(plan, say)
    settings = plan.data / "up.env"
    settings.write_text("".join(f"{name}={value}\n" for name, value in plan.environment().items()))
    if plan.console_port:
        say(
            "faultcast",
            f"the console is at {plan.console_url}; lost the password? faultcast account reset-password admin",
        )
    say("faultcast", f"devices may connect to {plan.broker_url}; data is in {plan.data}; Ctrl-C stops everything")
    say("faultcast", f"commands typed in this folder find it; elsewhere: set -a; . {settings}; set +a")
    try:
        await stop.wait()
    finally:
        say("faultcast", "stopping")
        settings.unlink(missing_ok=True)
        await supervisor.stop()
