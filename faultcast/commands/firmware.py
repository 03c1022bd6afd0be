"""`faultcast firmware`: the ELF files that give names to addresses, on this machine or on a console."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faultcast.failure import BAD_USAGE, fail, failing_clearly

if TYPE_CHECKING:
    from faultcast.firmware.remote import Server

app = typer.Typer(help="Add ELF files, before or after their dumps arrive.", no_args_is_help=True)

CONSOLE = "A console"
Address = Annotated[
    str,
    typer.Option(
        "--server",
        envvar="FAULTCAST_SERVER",
        help="Address of a console, such as https://crashes.example.com; without one: the store on this machine.",
        rich_help_panel=CONSOLE,
    ),
]
Token = Annotated[
    str,
    typer.Option(
        "--token",
        envvar="FAULTCAST_TOKEN",
        show_default=False,
        help="API token; to add files it needs the scope upload, for the rest admin. Better given by the environment.",
        rich_help_panel=CONSOLE,
    ),
]
CaFile = Annotated[
    Path | None,
    typer.Option(
        "--ca-file",
        envvar="FAULTCAST_CA_FILE",
        help="Trust these certificates (PEM), for a console with a certificate of your own.",
        rich_help_panel=CONSOLE,
    ),
]
BuildId = Annotated[str, typer.Argument(help="Build id, hexadecimal; see `firmware list`.")]


@app.command()
def add(
    elf: Annotated[
        list[Path], typer.Argument(help="ELF file with debug information (Zephyr: build/zephyr/zephyr.elf).")
    ],
    server: Address = "",
    token: Token = "",
    ca_file: CaFile = None,
    name: Annotated[str, typer.Option(help="Name of the firmware.", rich_help_panel=CONSOLE)] = "",
    version: Annotated[str, typer.Option("--version", help="Its version.", rich_help_panel=CONSOLE)] = "",
    board: Annotated[str, typer.Option(help="Its board.", rich_help_panel=CONSOLE)] = "",
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until the file is indexed.", rich_help_panel=CONSOLE)
    ] = True,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds to wait for each index.", rich_help_panel=CONSOLE)
    ] = 600.0,
) -> None:
    """Index ELF files and keep them; dumps that wait for them are analysed again.

    A firmware is found by the build id that its devices send. Adding the same file again changes nothing.

    Exit codes: **0** done · **1** the console, Redis or the store is not there, or takes too long · **2** bad usage:
    a file that is not there or is no firmware, a token that may not, a file that is too large.
    """
    with failing_clearly():
        for path in elf:
            if not path.is_file():
                raise fail(f"there is no file {path}", BAD_USAGE)
        if server:
            from faultcast.firmware import remote

            facts = {"name": name, "version": version, "board": board}
            given = {key: value for key, value in facts.items() if value}
            with _console(server, token, ca_file) as console:
                remote.add(console, elf, given, wait_seconds=timeout if wait else 0)
        else:
            from faultcast.firmware import local

            local.add(elf)


@app.command()
def link(
    build_id: Annotated[str, typer.Argument(help="Build id that devices send (hexadecimal) and no ELF file has.")],
    firmware: Annotated[str, typer.Argument(help="Build id of the firmware to use for it; see `firmware list`.")],
    server: Address = "",
    token: Token = "",
    ca_file: CaFile = None,
) -> None:
    """Analyse dumps of one build id with the firmware of another one.

    For a build whose ELF file is lost and that can be made again: the same source and compiler give the same code, and
    every report says where dump and firmware differ. Adding the right file later wins over the link.
    """
    with failing_clearly():
        if server:
            from faultcast.firmware import remote

            with _console(server, token, ca_file) as console:
                remote.link(console, build_id, firmware)
        else:
            from faultcast.firmware import local

            local.link(build_id, firmware)


@app.command("list")
def list_(server: Address = "", token: Token = "", ca_file: CaFile = None) -> None:
    """List the firmware that is there."""
    with failing_clearly():
        if server:
            from faultcast.firmware import remote

            with _console(server, token, ca_file) as console:
                remote.show(console)
        else:
            from faultcast.firmware import local

            local.show()


@app.command()
def remove(
    build_id: BuildId,
    server: Address = "",
    token: Token = "",
    ca_file: CaFile = None,
    force: Annotated[
        bool, typer.Option("--force", help="Even where crashes or links need it.", rich_help_panel=CONSOLE)
    ] = False,
) -> None:
    """Remove a firmware. Reports stay; new crashes of it have no names, and values can no longer be opened."""
    with failing_clearly():
        if server:
            from faultcast.firmware import remote

            with _console(server, token, ca_file) as console:
                remote.remove(console, build_id, force=force)
        else:
            from faultcast.firmware import local

            local.remove(build_id)


@contextmanager
def _console(server: str, token: str, ca_file: Path | None) -> "Generator[Server]":
    from faultcast.firmware.remote import Server

    console = Server(server, token, ca_file)
    try:
        yield console
    finally:
        console.close()
