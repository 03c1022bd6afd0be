"""Firmware of a console, over HTTP, for `faultcast firmware … --server`."""

import ssl
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import typer
from rich.console import Console
from rich.table import Table

from analyzer.symbols.progress import Progress
from contract.errors import BadFirmware, InputError, LimitExceeded, ServiceError
from faultcast.printable import printable
from faultcast.progress import progress_bar

PIECE: Final = 1 << 18
"""Bytes of a file that are sent at a time."""
LOOK_SECONDS: Final = 0.5
"""How often the console is asked for the state of an index."""
_TOKEN: Final = "a token is made on the console, under Account and tokens, and given as FAULTCAST_TOKEN or --token"  # noqa: S105


class ServerUnavailable(ServiceError):
    """The console cannot be reached, or does not do its part."""

    code = "server-unavailable"


class ServerRefused(InputError):
    """The console does not do what it was asked; the code is the one that it gave."""

    code = "server-refused"

    def __init__(self, message: str, code: str = code, status: int = 0) -> None:
        """`status` is that of the HTTP answer."""
        super().__init__(message)
        self.code = code
        self.status = status


class Server:
    """The API of a console."""

    def __init__(self, url: str, token: str, ca_file: Path | None = None) -> None:
        """`ca_file` holds the certificates to trust (PEM) in place of the system's.

        Raises:
            InputError: the address is none, there is no token, or the file holds no certificates.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"{url!r} is no address of a console: https://crashes.example.com is expected")
        if not token.isascii() or not token.isprintable() or not token:
            raise InputError(f"the console wants a token: {_TOKEN}")
        self.url = url.rstrip("/").removesuffix("/api/v1")
        self._client = httpx.Client(
            base_url=f"{self.url}/api/v1",
            headers={"Authorization": f"Bearer {token}", "User-Agent": "faultcast"},
            verify=_trusting(ca_file) if parts.scheme == "https" else False,
            # A large file is written to the disk before it is answered.
            timeout=httpx.Timeout(30, read=300, write=120),
        )

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """The JSON of an answer, None where there is none.

        Raises:
            ServerUnavailable: nobody answers, or something that is no console.
            LimitExceeded: what was sent is too large.
            ServerRefused: any other refusal.
        """
        try:
            answer = self._client.request(method, path, **more)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if answer.is_success:
            return _json(answer) if answer.content else None
        raise self._refusal(answer)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _unreachable(self, error: httpx.HTTPError) -> ServerUnavailable:
        reason = str(error) or type(error).__name__
        if "CERTIFICATE_VERIFY_FAILED" in reason:
            return ServerUnavailable(
                f"the certificate of {self.url} is not trusted ({reason.rpartition('] ')[2]}): give the certificate "
                "that signed it with --ca-file (FAULTCAST_CA_FILE)"
            )
        if isinstance(error, httpx.TimeoutException):
            return ServerUnavailable(f"{self.url} did not answer in time ({type(error).__name__}): try again later")
        return ServerUnavailable(
            f"no console answers at {self.url} ({reason}): is it running, is --server (FAULTCAST_SERVER) right?"
        )

    def _refusal(self, answer: httpx.Response) -> Exception:
        status = answer.status_code
        if answer.is_redirect:
            target = answer.headers.get("Location", "nowhere")
            return ServerUnavailable(f"{self.url} sends us on to {target}: give the console's own address as --server")
        problem = _json(answer)
        if not isinstance(problem, dict) or "message" not in problem:
            if status == 413:
                return LimitExceeded("a proxy in front of the console takes no file as large as this: raise its limit")
            return ServerUnavailable(f"{self.url} answered {status}, not as a console does: is --server right?")
        message, code = printable(str(problem["message"])), str(problem.get("code", ServerRefused.code))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        if status == 401:
            return ServerRefused(f"{self.url} does not know the token; it may have ended: {_TOKEN}", code, status)
        if status == 413:
            return LimitExceeded(message)
        if status >= 500:
            return ServerUnavailable(f"{self.url}: {message}")
        return ServerRefused(message, code, status)


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"{ca_file} holds no certificates that can be read (PEM is expected): {error}") from error


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def add(server: Server, files: Sequence[Path], facts: dict[str, str], *, wait_seconds: float) -> None:
    """Upload files one after the other and wait for each index, at most `wait_seconds`; 0 does not wait.

    Raises:
        BadFirmware: a file is none, or cannot be indexed.
        ServerUnavailable: an index takes longer.
        InputError, ServiceError: as `Server.ask`.
    """
    for path in files:
        facts_of = {"file_name": path.name[-200:], **facts}
        with progress_bar(f"uploading {path.name}") as progress:
            uploaded = server.ask("POST", "/firmware", params=facts_of, **_body(path, progress))
        if not wait_seconds:
            typer.echo(f"{path}: uploaded, number {uploaded['number']}; its index is being built")
            continue
        row = _indexed(server, path, int(uploaded["number"]), wait_seconds)
        if row is None:
            typer.echo(f"{path}: this build was there already; it was indexed again")
            continue
        typer.echo(f"{path}: build id {row['build_id']}")
        for name in row["aliases"]:
            typer.echo(f"  also known as {name}")


def _body(path: Path, progress: Progress) -> dict[str, Any]:
    """The body of a request that sends a file piece by piece."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(4) != b"\x7fELF":
            raise BadFirmware(f"{path} is no ELF file: in Zephyr it is build/zephyr/zephyr.elf")

    def pieces() -> Iterator[bytes]:
        done = 0
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
                done += len(piece)
                progress(done, size)

    headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
    return {"content": pieces(), "headers": headers}


def _indexed(server: Server, path: Path, number: int, seconds: float) -> dict[str, Any] | None:
    """The firmware once its index is there; None where it took the place of an upload before it."""
    until = time.monotonic() + seconds
    with progress_bar(f"indexing {path.name}") as progress:
        while True:
            try:
                row = server.ask("GET", f"/firmware/{number}")
            except ServerRefused as error:
                if error.status == 404:
                    return None
                raise
            if row["state"] == "ready":
                return row
            if row["state"] == "failed":
                raise BadFirmware(printable(f"{path} cannot be used: {row['reason']}"))
            progress(row["progress"], 100)
            if time.monotonic() > until:
                raise ServerUnavailable(
                    f"the index of {path} was not done in {seconds:g} s; the console goes on with it: look at "
                    f"{server.url}/firmware/{number}"
                )
            time.sleep(LOOK_SECONDS)


def show(server: Server) -> None:
    """List what is there, newest upload first."""
    table = Table("build id", "firmware", "board", "state", "crashes", "added", box=None, pad_edge=False)
    cursor: dict[str, int] = {}
    while True:
        page = server.ask("GET", "/firmware", params=cursor)
        for row in page["items"]:
            name = " ".join(filter(None, (row["name"] or row["file_name"], row["version"])))
            state = row["state"] if row["state"] != "indexing" else f"indexing {row['progress']}%"
            cells = (row["build_id"] or "", name, row["board"], state, str(row["crashes"]), row["added"][:16])
            table.add_row(*(printable(cell).replace("[", r"\[") for cell in cells))
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    if table.row_count:
        Console().print(table)
    else:
        typer.echo(f"no firmware at {server.url} yet: faultcast firmware add build/zephyr/zephyr.elf")


def remove(server: Server, build_id: str, *, force: bool) -> None:
    """Remove a firmware; raises `ServerRefused` where it is needed, unless by `force`."""
    found = server.ask("GET", "/firmware", params={"q": build_id})["items"]
    number = next((row["number"] for row in found if build_id in (row["build_id"], *row["aliases"])), None)
    if number is None:
        raise ServerRefused(f"there is no firmware {build_id} at {server.url} (faultcast firmware list)", "not-found")
    freed = server.ask("DELETE", f"/firmware/{number}", params={"force": str(force).lower()})["freed"]
    typer.echo(f"removed {build_id}, {freed / 1024:.0f} KiB")


def link(server: Server, build_id: str, firmware: str) -> None:
    """Use a firmware for dumps of another build id."""
    sent = server.ask("PUT", f"/firmware/links/{build_id}", json={"to": firmware})["released"]
    typer.echo(f"dumps of {build_id} are analysed with {firmware}; {sent} that waited are on their way")
