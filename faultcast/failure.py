"""How a command fails: one line that says what happened and what to do, and a stable exit code.

| code | meaning |
| --- | --- |
| 0 | done |
| 1 | something unexpected, or a service was not there |
| 2 | bad usage: wrong options, wrong settings, a file that is not there |
| 3 | the input is not a dump |
"""

from collections.abc import Generator
from contextlib import contextmanager

import typer

from contract.errors import FaultcastError, InputError, NotADump

SERVICE_FAILED, BAD_USAGE, NOT_A_DUMP = 1, 2, 3


def fail(message: str, code: int) -> typer.Exit:
    """Print one line on standard error; raise what is returned."""
    typer.secho(f"faultcast: {message}", err=True, fg=typer.colors.RED)
    return typer.Exit(code)


@contextmanager
def failing_clearly() -> Generator[None]:
    """Turn errors of ours into their line and exit code."""
    try:
        yield
    except NotADump as error:
        raise fail(f"{error} [{error.code}]", NOT_A_DUMP) from error
    except FaultcastError as error:
        code = BAD_USAGE if isinstance(error, InputError) else SERVICE_FAILED
        raise fail(f"{error} [{error.code}]", code) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
