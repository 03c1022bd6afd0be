"""`faultcast up`: everything on this machine with one command."""

from pathlib import Path
from typing import Annotated

import typer

from faultcast.failure import failing_clearly


def up(
    data: Annotated[Path, typer.Option(help="Folder of everything that is kept.", file_okay=False)] = Path("data"),
    host: Annotated[str, typer.Option(help="Where the MQTT broker listens; 0.0.0.0 lets devices in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the MQTT broker.", min=1, max=65535)] = 1883,
    redis_port: Annotated[int, typer.Option(help="Port of Redis.", min=1, max=65535)] = 6390,
    ingest: Annotated[int, typer.Option(help="Number of ingest workers.", min=0, max=64)] = 1,
    reassembler: Annotated[int, typer.Option(help="Number of reassembler workers.", min=0, max=64)] = 1,
    analyzer: Annotated[int, typer.Option(help="Number of analyzer workers.", min=0, max=64)] = 1,
    console_port: Annotated[
        int, typer.Option(help="Port of the console, or the next free one; 0 for no console.", min=0, max=65000)
    ] = 8080,
    http_port: Annotated[
        int, typer.Option(help="First port of the workers' health and metrics pages; 0 for none.", min=0, max=65000)
    ] = 0,
) -> None:
    """Start broker, Redis, all workers and the console on this machine; Ctrl-C stops them in order.

    The first start makes the console's account `admin` and prints its password, which is for one sign-in.

    Uses `mosquitto` and `redis-server` when they are installed, else embedded ones that are good for trying out.
    Workers that die are started again. For more machines than one, start the workers by themselves
    (`faultcast ingest`, `reassembler`, `analyzer`, `console`) against your own broker and Redis.
    """
    with failing_clearly():
        import asyncio

        from faultcast.up.launcher import Plan, free_port, run

        plan = Plan(
            data=data.resolve(),
            host=host,
            mqtt_port=port,
            redis_port=redis_port,
            workers={"ingest": ingest, "reassembler": reassembler, "analyzer": analyzer},
            http_port=http_port,
            console_port=free_port(console_port),
        )
        asyncio.run(run(plan, _say))


def _say(name: str, text: str) -> None:
    typer.secho(f"{name:>14}  ", fg=typer.colors.CYAN, nl=False, err=True)
    typer.echo(text, err=True)
