"""`faultcast ci`: what to put into a pipeline or a build, so that every build's ELF file arrives by itself."""

from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import typer


class System(StrEnum):
    """What builds firmware."""

    GITHUB = "github"
    GITLAB = "gitlab"
    CMAKE = "cmake"
    WEST = "west"


FILES = {
    System.GITHUB: "github.yml",
    System.GITLAB: "gitlab.yml",
    System.CMAKE: "cmake.cmake",
    System.WEST: "west.cmake",
}


def ci(
    system: Annotated[System | None, typer.Argument(help="What builds your firmware.", show_default=False)] = None,
) -> None:
    """Print a snippet that uploads the ELF file of every build: for GitHub Actions, GitLab, CMake or Zephyr's west.

    It says at its top where it goes. A build where no console is configured is left alone.
    """
    if system is None:
        typer.echo("faultcast ci github   a job's step for GitHub Actions")
        typer.echo("faultcast ci gitlab   a job for GitLab CI")
        typer.echo("faultcast ci cmake    a step after each build, for any CMake project")
        typer.echo("faultcast ci west     the same for Zephyr applications")
        return
    folder = files("faultcast") / "snippets"
    upload = (folder / "upload.cmake").read_text()
    typer.echo((folder / FILES[system]).read_text().replace("@UPLOAD@\n", upload), nl=False)
