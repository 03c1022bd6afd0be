"""`faultcast report`: the full report of a crash, out of the store."""

from typing import Annotated

import typer

from faultcast.failure import BAD_USAGE, fail, failing_clearly


def report(
    event_id: Annotated[
        str, typer.Argument(metavar="EVENT", help="Id of a crash event, as `faultcast watch` shows it.")
    ],
    json: Annotated[bool, typer.Option("--json", help="The report as JSON, for scripts.")] = False,
) -> None:
    """Show the full report of a crash event: every thread, frame and variable."""
    with failing_clearly():
        import uuid

        from rich.console import Console

        from analyzer.report.model import decode_report
        from analyzer.report.terminal import print_report
        from runtime.settings import load_settings
        from runtime.store import FolderStore, best_report

        try:
            name = str(uuid.UUID(event_id))
        except ValueError as error:
            raise fail(
                f"{event_id!r} is not the id of a crash event (they look like {uuid.UUID(int=0)})", BAD_USAGE
            ) from error
        content = best_report(FolderStore(load_settings().store), name)
        if json:
            typer.echo(content)
        else:
            print_report(decode_report(content), Console(highlight=False))
