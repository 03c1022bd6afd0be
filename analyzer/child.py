"""The process that touches hostile input: one request after the other, under a memory limit, killable at any time.

It keeps the indexes of the firmwares it has met open, so the next dump of the same firmware costs no opening.
"""

import argparse
import resource
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from analyzer.grouping import Plumbing, load_plumbing
from analyzer.plumbing_file import read_plumbing
from analyzer.requests import (
    Analysed,
    AnalyseDump,
    Answered,
    Failed,
    Indexed,
    IndexFirmware,
    InspectDump,
    Progressed,
    Ready,
    Reply,
    pack,
    read_request,
)
from analyzer.symbols.index import SymbolIndex
from contract.errors import FaultcastError, NotADump

if TYPE_CHECKING:
    from analyzer.analyze import Analysis

OPEN_INDEXES = 16
OPEN_DUMPS = 4
"""That are being looked at: a page asks about the same one again and again."""


def main() -> None:
    """Serve requests on standard input until it ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", type=int, required=True, help="address space limit in bytes")
    parser.add_argument("--plumbing", type=Path, help="a list of functions to add to the plumbing")
    arguments = parser.parse_args()
    limit = arguments.memory
    plumbing = load_plumbing() if arguments.plumbing is None else read_plumbing(arguments.plumbing)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    replies = sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing but replies may go into the pipe

    def answer(reply: Reply) -> None:
        replies.write(pack(reply))
        replies.flush()

    answer(Ready())
    while (request := read_request(sys.stdin.buffer)) is not None:
        try:
            match request:
                case AnalyseDump():
                    reply = _analyse(request, plumbing)
                case IndexFirmware():
                    reply = _index(request, answer)
                case InspectDump():
                    reply = _inspect(request)
        except FaultcastError as error:
            reply = Failed(error.code, str(error), is_dump=not isinstance(error, NotADump))
        answer(reply)


def _inspect(request: InspectDump) -> Reply:
    from analyzer.answers import answer  # noqa: PLC0415 - as above

    return Answered(answer(_analysis(request.dump), request.question))


@lru_cache(maxsize=OPEN_DUMPS)
def _analysis(request: AnalyseDump) -> "Analysis":
    from analyzer.analyze import Analysis  # noqa: PLC0415 - as above
    from analyzer.dump import parse  # noqa: PLC0415 - as above

    dump = parse(Path(request.dump).read_bytes(), request.missing)
    return Analysis(dump, _open_index(request.index) if request.index else None, request.build_id or None)


def _analyse(request: AnalyseDump, plumbing: Plumbing) -> Reply:
    from analyzer.analyze import analyze  # noqa: PLC0415 - most of the start, and nothing to who builds an index

    symbols = _open_index(request.index) if request.index is not None else None
    report = analyze(
        Path(request.dump).read_bytes(),
        symbols,
        request.missing,
        build_id=request.build_id or None,
        plumbing=plumbing,
    )
    return Analysed(msgspec.json.encode(report))


def _index(request: IndexFirmware, answer: Callable[[Reply], None]) -> Reply:
    from analyzer.symbols.builder import build_index  # noqa: PLC0415 - time and memory that no worker needs

    content = build_index(Path(request.elf), lambda done, total: answer(Progressed(done, total)))
    Path(request.output).write_bytes(content)
    return Indexed(list(SymbolIndex.from_bytes(content).build_ids))


@lru_cache(maxsize=OPEN_INDEXES)
def _open_index(path: str) -> SymbolIndex:
    return SymbolIndex.open(Path(path))


if __name__ == "__main__":
    main()
