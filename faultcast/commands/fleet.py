"""`faultcast fleet`: simulated devices on a bad network."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faultcast.failure import BAD_USAGE, fail, failing_clearly

if TYPE_CHECKING:
    from device.fleet import FleetConfig, FleetDump, FleetReport

NOT_ALL_STORED = 4

NETWORK, BROKER = "The network", "The broker"

Dumps = Annotated[
    list[Path] | None,
    typer.Argument(exists=True, dir_okay=False, help="Dumps to upload, in turn; random ones when none is given."),
]
Devices = Annotated[int, typer.Option(min=1, max=100_000, help="Number of devices.")]
Size = Annotated[int, typer.Option(min=128, help="Bytes of a random dump.")]
ChunkSize = Annotated[int, typer.Option(min=1, help="Bytes of dump per message.")]
WindowSize = Annotated[int, typer.Option("--window", min=1, max=2048, help="Chunks in flight per device.")]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds after which to give up.")]
Seed = Annotated[int, typer.Option(help="The same seed makes the same faults.")]
Loss = Annotated[float, typer.Option(min=0, max=100, help="Percent of chunks lost.", rich_help_panel=NETWORK)]
Duplicate = Annotated[float, typer.Option(min=0, max=100, help="Percent sent twice.", rich_help_panel=NETWORK)]
Corrupt = Annotated[float, typer.Option(min=0, max=100, help="Percent with a flipped bit.", rich_help_panel=NETWORK)]
Delay = Annotated[float, typer.Option(min=0, max=100, help="Percent overtaken by others.", rich_help_panel=NETWORK)]
Shuffle = Annotated[bool, typer.Option("--shuffle", help="Send every window in random order.", rich_help_panel=NETWORK)]
Restarts = Annotated[
    int, typer.Option(min=0, help="How often each device restarts in the middle.", rich_help_panel=NETWORK)
]
BrokerUrl = Annotated[
    str,
    typer.Option(
        "--broker",
        envvar="FAULTCAST_BROKER_URL",
        help="mqtt://user:password@host:port, or mqtts:// for TLS.",
        rich_help_panel=BROKER,
    ),
]
TopicRoot = Annotated[
    str, typer.Option(envvar="FAULTCAST_TOPIC_ROOT", help="Root of the topics.", rich_help_panel=BROKER)
]
PerConnection = Annotated[
    int, typer.Option("--per-connection", min=1, help="Devices that share a connection.", rich_help_panel=BROKER)
]


def fleet(
    dumps: Dumps = None,
    devices: Devices = 50,
    size: Size = 65_536,
    chunk_size: ChunkSize = 1024,
    window: WindowSize = 16,
    timeout: Timeout = 300.0,
    seed: Seed = 1,
    loss: Loss = 5.0,
    duplicate: Duplicate = 5.0,
    corrupt: Corrupt = 0.0,
    delay: Delay = 5.0,
    shuffle: Shuffle = False,
    restarts: Restarts = 0,
    broker: BrokerUrl = "mqtt://localhost:1883",
    topic_root: TopicRoot = "faultcast",
    per_connection: PerConnection = 25,
) -> None:
    """Upload dumps from many simulated devices at once, over a network that loses, doubles and reorders.

    The broker's user needs access to the topics of all devices (`fleet-00000` and so on).

    Exit codes: **0** all stored · **2** bad usage · **3** not a dump · **4** some were not stored.
    """
    with failing_clearly():
        import asyncio

        from contract.topics import Topics
        from device.broker import parse_broker_url
        from device.fleet import Faults, FleetConfig
        from device.window import WindowSettings

        try:
            topics = Topics(topic_root)
        except ValueError as error:
            raise fail(f"--topic-root: {error}", BAD_USAGE) from error
        config = FleetConfig(
            broker=parse_broker_url(broker),
            topics=topics,
            window=WindowSettings(size=window, reorder=window, max_timeout=10.0),
            chunk_size=chunk_size,
            faults=Faults(
                loss=loss / 100,
                duplicate=duplicate / 100,
                corrupt=corrupt / 100,
                delay=delay / 100,
                shuffle=shuffle,
                restarts=restarts,
            ),
            devices_per_connection=per_connection,
            timeout=timeout,
            seed=seed,
        )
        report = asyncio.run(_run(config, _load(dumps or [], devices, size, seed)))
        _print(report)
        if len(report.stored) < len(report.results):
            raise typer.Exit(NOT_ALL_STORED)


def _load(paths: list[Path], devices: int, size: int, seed: int) -> "list[FleetDump]":
    from contract.chunk import Metadata
    from device.fleet import FleetDump, generate_dumps
    from device.source import read_dumps

    if not paths:
        return generate_dumps(devices, size, seed)
    contents = [source.content for path in paths for source in read_dumps(path.read_bytes())]
    metadata = Metadata(firmware="fleet", boot=seed)
    return [FleetDump(f"fleet-{at:05}", contents[at % len(contents)], metadata) for at in range(devices)]


async def _run(config: "FleetConfig", dumps: "list[FleetDump]") -> "FleetReport":
    from rich import progress
    from rich.console import Console

    from device.fleet import run_fleet

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
    )
    with progress.Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("dumps stored", total=len(dumps))
        return await run_fleet(config, dumps, lambda _device: bar.advance(task))


def _print(report: "FleetReport") -> None:
    typer.echo(
        f"{len(report.stored)} of {len(report.results)} dumps stored in {report.seconds:.1f} s; "
        f"{report.transmissions} chunks sent, {report.retransmissions} of them again; {report.reconnects} reconnects"
    )
    for result in report.results:
        if result.state != "stored":
            typer.echo(f"{result.device}: {result.state} {result.reason}".rstrip())
