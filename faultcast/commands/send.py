"""`faultcast send`: upload a dump as a device does."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faultcast.failure import BAD_USAGE, fail, failing_clearly

if TYPE_CHECKING:
    from contract.chunk import Attribute, Metadata
    from contract.topics import Topics
    from device.broker import Broker
    from device.client import Client, Progress
    from device.dump import SourceDump

NOT_CONFIRMED, REJECTED = 4, 5

CRASH, BROKER, SENDING = "The crash", "The broker", "Sending"

Dump = Annotated[
    Path,
    typer.Argument(
        exists=True,
        dir_okay=False,
        readable=True,
        help="A core dump, an image of the core dump partition, or a log with `#CD:` lines.",
    ),
]
Device = Annotated[str, typer.Option("--device", help="Id of the device that crashed.")]
BuildId = Annotated[str, typer.Option(help="Build id of its firmware, in hex.", rich_help_panel=CRASH)]
Firmware = Annotated[str, typer.Option(help="Name of its firmware.", rich_help_panel=CRASH)]
Version = Annotated[str, typer.Option("--version", help="Version of its firmware.", rich_help_panel=CRASH)]
Board = Annotated[str, typer.Option(help="Its board.", rich_help_panel=CRASH)]
System = Annotated[
    str, typer.Option("--os", help="Its operating system, such as 'Zephyr 4.1.0'.", rich_help_panel=CRASH)
]
Boot = Annotated[
    int | None,
    typer.Option(
        min=0, help="Number of the boot that crashed; tells it from the same crash later.", rich_help_panel=CRASH
    ),
]
Uptime = Annotated[
    int | None,
    typer.Option("--uptime-ms", min=0, help="Milliseconds from boot to crash.", rich_help_panel=CRASH),
]
Attributes = Annotated[
    list[str] | None,
    typer.Option("--attribute", metavar="NAME=VALUE", help="Anything else; may be repeated.", rich_help_panel=CRASH),
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
Mqtt = Annotated[str, typer.Option("--mqtt", metavar="5|3.1.1", help="Version of MQTT.", rich_help_panel=BROKER)]
Ca = Annotated[
    Path | None, typer.Option(exists=True, help="Trust these certificates and no others (PEM).", rich_help_panel=BROKER)
]
Cert = Annotated[Path | None, typer.Option(exists=True, help="The device's certificate (PEM).", rich_help_panel=BROKER)]
Key = Annotated[Path | None, typer.Option(exists=True, help="Its private key (PEM).", rich_help_panel=BROKER)]
ChunkSize = Annotated[int, typer.Option(min=1, help="Bytes of dump per message.", rich_help_panel=SENDING)]
WindowSize = Annotated[
    int, typer.Option("--window", min=1, max=2048, help="Chunks in flight.", rich_help_panel=SENDING)
]
Delete = Annotated[
    bool, typer.Option("--delete", help="Remove the file when everything in it is stored.", rich_help_panel=SENDING)
]
Timeout = Annotated[
    float, typer.Option(min=0.1, help="Seconds for each dump, after which to give up.", rich_help_panel=SENDING)
]


def send(
    dump: Dump,
    device: Device,
    build_id: BuildId = "",
    firmware: Firmware = "",
    version: Version = "",
    board: Board = "",
    os: System = "",
    boot: Boot = None,
    uptime_ms: Uptime = None,
    attributes: Attributes = None,
    broker: BrokerUrl = "mqtt://localhost:1883",
    topic_root: TopicRoot = "faultcast",
    mqtt: Mqtt = "5",
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
    chunk_size: ChunkSize = 1024,
    window: WindowSize = 16,
    delete: Delete = False,
    timeout: Timeout = 300.0,
) -> None:
    """Send a core dump to Faultcast, as a device would, and wait until it is stored.

    Prints `stored` and the id of the crash event, one line for each dump in the file. A broker that is away is tried
    again until the time is over. Interrupted, it goes on where it stopped when it is started again; the description
    of the crash is then the one of the first try, kept in DUMP.faultcast until the dump is stored.

    Exit codes: **0** stored · **1** the broker cannot be reached or refuses us · **2** bad usage · **3** not a dump ·
    **4** not confirmed in time · **5** rejected by the server.
    """
    with failing_clearly(), _failing_as_an_upload():
        from contract.chunk import Metadata
        from contract.topics import check_device_id
        from device.attempt import forget_attempt
        from device.client import Client
        from device.source import read_dumps
        from device.window import WindowSettings

        check_device_id(device)
        metadata = Metadata(
            build_id=_build_id(build_id),
            firmware=firmware,
            version=version,
            board=board,
            os=os,
            boot=boot,
            uptime_ms=uptime_ms,
            attributes=_attributes(attributes or []),
        )
        client = Client(
            device=device,
            broker=_broker(broker, mqtt, ca, cert, key),
            topics=_topics(topic_root),
            window=WindowSettings(size=window),
        )
        sources = read_dumps(dump.read_bytes())
        for number, source in enumerate(sources, start=1):
            for warning in source.warnings:
                _warn(warning)
            title = f"{number}/{len(sources)}" if len(sources) > 1 else dump.name
            _upload(client, dump, source, metadata, chunk_size, timeout, title)
        if delete:
            dump.unlink()
        forget_attempt(dump)


def _upload(
    client: "Client",
    path: Path,
    source: "SourceDump",
    metadata: "Metadata",
    chunk_size: int,
    timeout: float,
    title: str,
) -> None:
    from device.attempt import first_metadata
    from device.chunks import ChunkedDump

    chunked = ChunkedDump(source.content, metadata, chunk_size)
    try:
        first = first_metadata(path, chunked.layout.dump_id, metadata)
    except OSError as error:
        first = metadata
        _warn(f"cannot note this try beside the dump ({error}); give the same options when you try again")
    if first != metadata:
        _warn("this dump was tried before; its description of then is sent, not that of this command line")
        chunked = ChunkedDump(source.content, first, chunk_size)
    with _bar(title) as report:
        event = client.upload(chunked, timeout, report)
    typer.echo(f"stored {event}")


@contextmanager
def _bar(title: str) -> Generator[Callable[["Progress"], None]]:
    """The chunks that the server holds, as a bar on standard error; what holds it up, as lines."""
    from rich import progress
    from rich.console import Console
    from rich.text import Text

    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("chunks held, {task.fields[resent]} sent again"),
        progress.TimeElapsedColumn(),
    )
    with progress.Progress(*columns, console=Console(stderr=True, highlight=False)) as bar:
        task = bar.add_task(title, total=None, resent=0)

        def show(now: "Progress") -> None:
            bar.update(task, completed=now.held, total=now.count, resent=now.retransmissions)
            if now.trouble:
                bar.console.print(Text(now.trouble, "yellow"))

        yield show


@contextmanager
def _failing_as_an_upload() -> Generator[None]:
    """The two outcomes that only an upload has; everything else is told by `failing_clearly`."""
    from device.client import UploadRejected, UploadTimeout

    try:
        yield
    except UploadRejected as error:
        raise fail(f"{error} [{error.code}]", REJECTED) from error
    except UploadTimeout as error:
        raise fail(f"{error} [{error.code}]", NOT_CONFIRMED) from error


def _broker(url: str, mqtt: str, ca: Path | None, cert: Path | None, key: Path | None) -> "Broker":
    from device.broker import Tls, parse_broker_url

    if mqtt not in ("5", "3.1.1"):
        raise fail(f"--mqtt {mqtt}: the versions are 5 and 3.1.1", BAD_USAGE)
    if key and not cert:
        raise fail("--key needs --cert", BAD_USAGE)
    tls = Tls(ca, cert, key) if ca or cert else None
    return parse_broker_url(url, tls, 5 if mqtt == "5" else 4)


def _topics(root: str) -> "Topics":
    from contract.topics import Topics

    try:
        return Topics(root)
    except ValueError as error:
        raise fail(f"--topic-root: {error}", BAD_USAGE) from error


def _build_id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise fail(f"--build-id {text!r} is not hexadecimal", BAD_USAGE) from error


def _attributes(pairs: list[str]) -> dict[str, "Attribute"]:
    attributes: dict[str, Attribute] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not name or not sign:
            raise fail(f"--attribute {pair!r} is not NAME=VALUE", BAD_USAGE)
        attributes[name] = _value(text)
    return attributes


def _value(text: str) -> "Attribute":
    """A number, true, false or null when it reads like one; else the text."""
    try:
        value = json.loads(text, parse_constant=str)
    except ValueError:
        return text
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return text
    return value if value is None or isinstance(value, str | int | float) else text


def _warn(message: str) -> None:
    typer.secho(f"faultcast: warning: {message}", err=True, fg=typer.colors.YELLOW)
