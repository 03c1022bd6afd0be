"""Every path of an upload on a real Redis, against a model: any batches, boots, endings, repetitions, in any order."""

import asyncio
import secrets

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from redis.asyncio import Redis

from contract.chunk import Chunk, Metadata
from contract.identity import event_id
from contract.records import FIELD, DumpItem, Keys, decode_item
from reassembler.assembly import Assemblies
from reassembler.progress import first_missing
from reassembler.runs import Arrival, AssemblyId, gather
from runtime.settings import Settings

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]

COUNT, SIZE = 5, 8
ASSEMBLY = AssemblyId("d1", b"dump", COUNT * SIZE, SIZE)
BATCH = st.lists(
    st.tuples(st.integers(0, COUNT - 1), st.sampled_from([1, 1, 1, 2]), st.sampled_from([None, 7, 8])),
    min_size=1,
    max_size=7,
)


class Upload(RuleBasedStateMachine):
    """One dump of one device, crashed in boots 7 and 8 with the same bytes (and one without a boot number)."""

    template: Settings

    def __init__(self) -> None:
        super().__init__()
        settings = self.template.model_copy(update={"key_prefix": secrets.token_hex(6)})
        self.runner = asyncio.Runner()
        self.redis = Redis.from_url(settings.redis_url, protocol=2)
        self.assemblies = Assemblies(self.redis, settings, 0)
        self.keys = Keys(settings.key_prefix)
        self.held: dict[int, bytes] | None = None
        self.occurrences: set[str] = set()
        self.done: set[str] = set()
        self.handed_on: list[tuple[str, bool]] = []

    @rule(batch=BATCH)
    def chunks_arrive(self, batch: list[tuple[int, int, int | None]]) -> None:
        chunks = [
            Chunk(
                version=1,
                dump_id=b"dump",
                sequence=sequence,
                total_size=COUNT * SIZE,
                chunk_size=SIZE,
                crc=0,
                data=bytes([sequence, fill]) * (SIZE // 2),
                metadata=Metadata(boot=boot),
            )
            for sequence, fill, boot in batch
        ]
        (placement,) = gather(Arrival("d1", chunk, 1) for chunk in chunks)
        (placed,) = self.runner.run(self.assemblies.place([placement], 1))

        named = {chunk.metadata.occurrence for chunk in chunks if chunk.sequence == 0 and chunk.metadata}
        fresh = named - self.done
        if named and not fresh and not self.occurrences:
            assert placed.state == "stored"
            self.held = None
            return
        self.held = {} if self.held is None else self.held
        self.occurrences |= fresh
        for chunk in chunks:
            self.held.setdefault(chunk.sequence, chunk.data)
        assert placed.progress.held == len(self.held)
        assert placed.state == ("complete" if len(self.held) == COUNT else "open")
        missing = next((n for n in range(COUNT) if n not in self.held), COUNT)
        assert first_missing(placed.progress.bitmap, COUNT) == missing

    @precondition(lambda self: self.held is not None and len(self.held) == COUNT)
    @rule(workers=st.integers(1, 3))
    def it_is_stored(self, workers: int) -> None:
        """However many workers think that they finish it, it is handed on once for each crash."""
        contents = self.runner.run(self.assemblies.read(ASSEMBLY))
        assert contents is not None
        assert contents.data == b"".join(self.held[n] for n in range(COUNT))
        assert {metadata.occurrence for metadata in contents.metadata} == self.occurrences
        items = [(name, self._item(name, whole=True)) for name in sorted(self.occurrences)]
        finished = [self.runner.run(self.assemblies.finish(ASSEMBLY, items, "stored")) for _ in range(workers)]
        assert finished == [True] + [False] * (workers - 1)
        self.handed_on += [(name, True) for name, _ in items]
        self.done |= self.occurrences
        self.held, self.occurrences = None, set()

    @precondition(lambda self: self.held is not None and 0 < len(self.held) < COUNT)
    @rule()
    def it_is_given_up_and_salvaged(self) -> None:
        items = [(name, self._item(name, whole=False)) for name in sorted(self.occurrences)]
        assert self.runner.run(self.assemblies.finish(ASSEMBLY, items, ""))
        self.handed_on += [(name, False) for name, _ in items]
        self.held, self.occurrences = None, set()

    @precondition(lambda self: self.held is not None)
    @rule()
    def its_checksum_is_wrong(self) -> None:
        assert self.runner.run(self.assemblies.reset(ASSEMBLY)) > 0
        self.held = {}

    def teardown(self) -> None:
        entries = self.runner.run(self.redis.xrange(self.keys.dumps(0)))
        items = [decode_item(fields[FIELD]) for _, fields in entries]
        assert [(item.occurrence, not item.missing) for item in items] == self.handed_on
        reserved = int(self.runner.run(self.redis.get(self.keys.reserved(0))) or 0)
        assert reserved == (0 if self.held is None else COUNT * SIZE)
        whole = [item.event_id for item in items if not item.missing]
        assert len(whole) == len(set(whole))
        self.runner.run(self.redis.aclose())
        self.runner.close()

    def _item(self, occurrence: str, *, whole: bool) -> DumpItem:
        return DumpItem(
            event_id=event_id("d1", b"dump", COUNT * SIZE, occurrence),
            device="d1",
            sha256="0" * 64,
            size=COUNT * SIZE,
            dump_id=b"dump",
            occurrence=occurrence,
            missing=[] if whole else [(0, 1)],
        )


def test_an_upload_is_what_the_model_says_whatever_happens(settings: Settings) -> None:
    class Here(Upload):
        template = settings

    run_state_machine_as_test(
        Here, settings=hypothesis_settings(max_examples=60, stateful_step_count=25, deadline=None)
    )
