"""A PostgreSQL of one's own, from the programs that a distribution installs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


def server_programs() -> Path | None:
    """Where the server's programs are; Debian keeps them off the PATH."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def postgresql_server(programs: Path, folder: Path, *options: str) -> Iterator[str]:
    """A running server; gives its URL with `{name}` in place of a database's name.

    Options are settings such as `fsync=off`. The server refuses to run as root: started by root it is another user's,
    who may then pass through the folders above `folder`.
    """
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        shutil.chown(folder, "nobody", "nogroup")
        for each in folder.parents:
            if not each.stat().st_mode & 0o001:
                each.chmod(each.stat().st_mode | 0o001)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, *arguments],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            **user,
        )

    data = folder / "data"
    run("initdb", "--pgdata", str(data), "--auth", "trust", "--username", "test", "--no-sync", "--encoding", "UTF8")
    settings = ("listen_addresses=''", f"unix_socket_directories={folder}", *options)
    given = " ".join(f"-c {each}" for each in settings)
    run("pg_ctl", "--pgdata", str(data), "--wait", "--log", str(folder / "log"), "--options", given, "start")
    try:
        yield f"postgresql+asyncpg://test@/{{name}}?host={folder}"
    finally:
        with suppress(subprocess.CalledProcessError):  # it may have been stopped with the terminal
            run("pg_ctl", "--pgdata", str(data), "--mode", "immediate", "stop")
