"""The part of requirements.lock that an image needs, with its hashes.

`python deploy/locked.py run` prints what the package runs on, `build` what its wheel is built with. Which package
came in through which other one is read from the "via" comments of the lock, so there is no second list to keep.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==.*\n(?P<rest>(?: .*\n)*)", re.MULTILINE)
PARENT = re.compile(r"^ +#(?: via)? +([A-Za-z0-9._-]+)", re.MULTILINE)
COMMENT = re.compile(r"^ +#.*\n", re.MULTILINE)
NAME = re.compile(r"[A-Za-z0-9._-]+")


def closure(lock: str, roots: set[str]) -> str:
    """Lines of the roots and of all that came in through them; raises `KeyError` for a root that is not locked."""
    parents: dict[str, set[str]] = {}
    for entry in ENTRY.finditer(lock):
        parents.setdefault(entry["name"], set()).update(PARENT.findall(entry["rest"]))
    if missing := roots - parents.keys():
        raise KeyError(f"not in requirements.lock: {', '.join(sorted(missing))} (make lock)")
    wanted = set(roots)
    while more := {name for name in parents if parents[name] & wanted} - wanted:
        wanted |= more
    return "".join(COMMENT.sub("", entry[0]) for entry in ENTRY.finditer(lock) if entry["name"] in wanted)


def roots_of(purpose: str, pyproject: str) -> set[str]:
    """Names of the direct requirements for `run` or `build`."""
    tables = tomllib.loads(pyproject)
    requirements: list[str] = (
        tables["project"]["dependencies"] if purpose == "run" else tables["build-system"]["requires"]
    )
    # As PEP 503 normalises names, and the lock has them.
    return {re.sub(r"[-_.]+", "-", match[0]).lower() for match in map(NAME.match, requirements) if match}


if __name__ == "__main__":
    if sys.argv[1:] not in (["run"], ["build"]):
        sys.exit("usage: locked.py run|build")
    wanted_roots = roots_of(sys.argv[1], (ROOT / "pyproject.toml").read_text())
    print(closure((ROOT / "requirements.lock").read_text(), wanted_roots), end="")
