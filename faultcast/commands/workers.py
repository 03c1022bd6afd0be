"""`faultcast ingest`, `reassembler`, `analyzer`, `console`: one worker each, until a signal stops it."""

from typing import Annotated

import typer

from faultcast.failure import failing_clearly

Worker = Annotated[
    str | None,
    typer.Option(
        "--worker", help="Name of this worker: stable over restarts, unique of its kind (FAULTCAST_WORKER; host name)."
    ),
]
HttpPort = Annotated[
    int | None,
    typer.Option("--http-port", help="Port of /health/live, /health/ready and /metrics; 0 for none."),
]


def ingest(worker: Worker = None, http_port: HttpPort = None) -> None:
    """Take chunks off the MQTT broker into the chunk streams.

    A chunk is acknowledged to the broker after Redis has it. Start as many as the load needs, each with a --worker
    name of its own. SIGTERM drains: what was taken is written and acknowledged before the process ends.
    """
    with failing_clearly():
        from ingest.worker import main
        from runtime.settings import load_settings

        main(load_settings(worker=worker, http_port=http_port))


def reassembler(worker: Worker = None, http_port: HttpPort = None) -> None:
    """Put chunks together to whole dumps, answer devices, keep the dumps in the store.

    Workers share the work and keep no state of their own: start and stop them at will.
    """
    with failing_clearly():
        from reassembler.worker import main
        from runtime.settings import load_settings

        main(load_settings(worker=worker, http_port=http_port))


def analyzer(worker: Worker = None, http_port: HttpPort = None) -> None:
    """Analyse stored dumps and publish crash events.

    Each analysis runs in a child process with limits of time and memory. Start about one worker per core.
    """
    with failing_clearly():
        from analyzer.worker import main
        from runtime.settings import load_settings

        main(load_settings(worker=worker, http_port=http_port))


def console(
    worker: Worker = None,
    http_port: HttpPort = None,
    host: Annotated[str | None, typer.Option("--host", help="Where pages and API listen.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port of pages and API.", min=1, max=65535)] = None,
) -> None:
    """Keep crash events in a database, and serve pages and API. One process, beside the workers.

    It needs the workers' Redis and store. Its database is SQLite, `console.db` beside the store, or the PostgreSQL of
    FAULTCAST_DATABASE_URL; tables are made and brought up to date at the start.

    The first start makes the account `admin` and prints its password, which is for one sign-in. Lost it?
    `faultcast account reset-password admin`.

    It listens on the loopback and speaks HTTP. For others, put a proxy with TLS in front of it and set
    FAULTCAST_CONSOLE_URL to the address that people type, and FAULTCAST_TRUSTED_PROXIES where the proxy is another
    machine. Sign-in by OpenID Connect: the FAULTCAST_OIDC_… settings. All settings: `faultcast config`.
    """
    with failing_clearly():
        from console.settings import load_console_settings
        from console.worker import main

        main(load_console_settings(worker=worker, http_port=http_port, console_host=host, console_port=port))
