"""`faultcast config`: every setting, its value here, and what it means."""

import re
from typing import Annotated

import typer

from faultcast.failure import failing_clearly

ENV = Annotated[bool, typer.Option("--env", help="As lines for a .env file, defaults commented out.")]


def config(env: ENV = False) -> None:
    """Show every FAULTCAST_… setting: its value now, its default, what it means."""
    with failing_clearly():
        from rich.console import Console
        from rich.padding import Padding
        from rich.text import Text

        from console.settings import ConsoleSettings, load_console_settings

        settings = load_console_settings()
        fields = ConsoleSettings.model_fields
        if env:
            for name, field in fields.items():
                mark = "" if name in settings.model_fields_set else "# "
                typer.echo(f"# {field.description}\n{mark}FAULTCAST_{name.upper()}={getattr(settings, name)}\n")
            return
        console = Console(highlight=False)
        for name, field in fields.items():
            style = "bold green" if name in settings.model_fields_set else "bold"
            console.print(
                Text(f"FAULTCAST_{name.upper()}", style), Text(f"= {_without_password(str(getattr(settings, name)))}")
            )
            console.print(Padding(Text(str(field.description), "dim"), (0, 0, 0, 4)))
        typer.echo("Set them in the environment or a .env file; a running `faultcast up` sets some. Green: set.")


def _without_password(value: str) -> str:
    """The value as it may stand on a screen that others see; `--env` shows it whole."""
    return re.sub(r"(?<=://)([^:@/]*):[^@/]*@", r"\1:***@", value)
