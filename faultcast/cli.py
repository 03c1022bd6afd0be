"""The command line. Commands are small functions of `faultcast.commands`; they import their rooms when they run."""

from typing import Annotated

import typer

from faultcast import __version__
from faultcast.commands import (
    account,
    analyze,
    ci,
    config,
    export,
    firmware,
    fleet,
    gdb,
    prune,
    report,
    send,
    up,
    watch,
    workers,
)

app = typer.Typer(
    help="Crash reports for fleets of embedded devices: core dumps in over MQTT, crash events out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

PEOPLE, DEVICES, WORKERS = "For people", "Devices", "Workers"

app.command(rich_help_panel=PEOPLE)(up.up)
app.command(rich_help_panel=PEOPLE)(analyze.analyze)
app.command(rich_help_panel=PEOPLE)(gdb.gdb)
app.command(rich_help_panel=PEOPLE)(export.export)
app.command(rich_help_panel=PEOPLE)(watch.watch)
app.command(rich_help_panel=PEOPLE)(report.report)
app.add_typer(account.app, name="account", rich_help_panel=PEOPLE)
app.add_typer(firmware.app, name="firmware", rich_help_panel=PEOPLE)
app.command(rich_help_panel=PEOPLE)(ci.ci)
app.command(rich_help_panel=DEVICES)(send.send)
app.command(rich_help_panel=DEVICES)(fleet.fleet)
app.command(rich_help_panel=PEOPLE)(prune.prune)
app.command(rich_help_panel=PEOPLE)(config.config)
app.command(rich_help_panel=WORKERS)(workers.ingest)
app.command(rich_help_panel=WORKERS)(workers.reassembler)
app.command(rich_help_panel=WORKERS)(workers.analyzer)
app.command(rich_help_panel=WORKERS)(workers.console)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Crash reports for fleets of embedded devices: core dumps in over MQTT, crash events out."""


def main() -> None:
    """Entry point of the `faultcast` command."""
    app()
